"""Permission classes made of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Optional, Union

from msgspec import UNSET, UnsetType
from rest_framework.permissions import BasePermission, SingleOperandHolder
from rest_framework.request import Request

from torii_backend._guard.authenticator import warn_of_any_organization
from torii_backend._guard.options import combined_policy, shows_options
from torii_backend._guard.policy import Policy, PolicyOptions
from torii_backend._guard.refusal import refusal_response
from torii_backend._guard.refusal_log import note_refusal
from torii_backend.auth import Auth
from torii_backend.drf.authentication import ToriiAuthentication
from torii_backend.drf.exceptions import AuthAPIException
from torii_backend.errors import MissingCredentials, ToriiAuthError

if TYPE_CHECKING:
    # If the settings name our authentication class, importing this imports our package again.
    from rest_framework.views import APIView
    from typing_extensions import Unpack


class RequirePolicy(SingleOperandHolder):
    """Requires that the user meets a policy; for `permission_classes`.

    Without conditions it requires sign-in only. A CORS preflight request that `ToriiAuthentication`
    lets pass meets every policy. You can combine it with other permission classes by `&`, `|` and
    `~`. The response to a refusal is then REST framework's own.

    Args:
        policy: a policy to meet, in addition to the keywords.
        keywords: the keywords of a `Policy`.

    Raises:
        ConfigurationError: a keyword of the policy is wrong.
    """

    @shows_options(PolicyOptions)
    def __init__(
        self, policy: Union[Policy, UnsetType] = UNSET, **keywords: Unpack[PolicyOptions]
    ) -> None:
        self._policy = combined_policy(policy, **keywords)
        warn_of_any_organization(self._policy)

    @property
    def shown(self) -> str:
        """The keywords of the policy, for audits of routes."""
        return repr(self._policy)[len("Policy(") : -1]

    def __call__(self, *_: Any, **__: Any) -> BasePermission:
        """Return the permission for one request; REST framework calls this."""
        return _PolicyPermission(self._policy)


class _PolicyPermission(BasePermission):
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._refused: Optional[tuple[ToriiAuthError, Request]] = None

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        refusal = _refusal(self._policy, request)
        # To describe a view, REST framework asks about other methods, and sends no refusal.
        describes = request.method != request._request.method
        self._refused = None if refusal is None or describes else (refusal, request)
        return refusal is None

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:  # noqa: ARG002
        return self.has_permission(request, view)

    @property
    def message(self) -> NoReturn:
        """Raise our own exception instead of returning a message.

        REST framework reads the message of a permission that refused a request. It doesn't read it
        inside a combination, where another permission may still let the request pass.
        """
        if self._refused is None:
            raise AttributeError("message")
        refusal, request = self._refused
        authenticator = _authenticator(request)
        if authenticator is not None:
            raise authenticator.exception_for(refusal, request) from refusal
        note_refusal(refusal, refusal.status, "drf", request.method or "")
        raise AuthAPIException(refusal_response(refusal), refusal.reason, request) from refusal


def _refusal(policy: Policy, request: Request) -> Optional[ToriiAuthError]:
    auth: object = request.auth
    if not isinstance(auth, Auth):
        authenticator = _authenticator(request)
        passes = authenticator is not None and authenticator.is_open_preflight(request)
        return None if passes else MissingCredentials()
    try:
        policy.enforce(auth)
    except ToriiAuthError as refusal:
        return refusal
    return None


def _authenticator(request: Request) -> Optional[ToriiAuthentication]:
    ours = (each for each in request.authenticators or () if isinstance(each, ToriiAuthentication))
    return next(ours, None)
