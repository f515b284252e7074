"""Permission classes out of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Optional, cast

from rest_framework.permissions import BasePermission, SingleOperandHolder
from rest_framework.request import Request

from torii_backend._guard.options import GuardOptions, policy_of
from torii_backend._guard.policy import Policy, PolicyOptions
from torii_backend._guard.refusal import refusal_response
from torii_backend.auth import Auth
from torii_backend.drf.authentication import ToriiAuthentication
from torii_backend.drf.refused import Refused
from torii_backend.errors import MissingCredentials, ToriiAuthError

if TYPE_CHECKING:
    # While it is imported, it imports this package, if the settings name our authentication class.
    from rest_framework.views import APIView
    from typing_extensions import Unpack


class RequirePolicy(SingleOperandHolder):
    """Lets those through who meet a policy; stands in `permission_classes`.

    Without conditions it lets everybody through who has signed in. A CORS preflight request that
    `ToriiAuthentication` lets pass meets every policy. It combines with other permission classes by
    `&`, `|` and `~`; such a combination refuses in the words of REST framework.

    Args:
        policy: a policy to meet, besides the one that the keywords make.
        keywords: the keywords of a `Policy`.

    Raises:
        ConfigurationError: a keyword of the policy is wrong.
    """

    def __init__(self, policy: Optional[Policy] = None, **keywords: Unpack[PolicyOptions]) -> None:
        self._policy = policy_of(cast("GuardOptions", {"policy": policy, **keywords}))

    def __call__(self, *_: Any, **__: Any) -> BasePermission:
        """Make the permission of one request; REST framework calls this."""
        return _PolicyPermission(self._policy)


class _PolicyPermission(BasePermission):
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._refused: Optional[tuple[ToriiAuthError, Request]] = None

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        refusal = _refusal(self._policy, request)
        # While it describes a view, REST framework asks on behalf of other methods, and sends no refusal.
        describes = request.method != request._request.method
        self._refused = None if refusal is None or describes else (refusal, request)
        return refusal is None

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:  # noqa: ARG002
        return self.has_permission(request, view)

    @property
    def message(self) -> NoReturn:
        """Refuse in our own words.

        REST framework asks for the message of a permission that has refused a request, and does not
        ask one that is part of a combination: there, another may still let the request through.
        """
        if self._refused is None:
            raise AttributeError("message")
        refusal, request = self._refused
        authenticator = _authenticator(request)
        if authenticator is not None:
            raise authenticator.refused(refusal, request) from refusal
        raise Refused(refusal_response(refusal), refusal.reason, request) from refusal


def _refusal(policy: Policy, request: Request) -> Optional[ToriiAuthError]:
    auth: object = request.auth
    if not isinstance(auth, Auth):
        authenticator = _authenticator(request)
        passes = authenticator is not None and authenticator.passes_preflight(request)
        return None if passes else MissingCredentials()
    try:
        policy.enforce(auth)
    except ToriiAuthError as refusal:
        return refusal
    return None


def _authenticator(request: Request) -> Optional[ToriiAuthentication]:
    ours = (each for each in request.authenticators or () if isinstance(each, ToriiAuthentication))
    return next(ours, None)
