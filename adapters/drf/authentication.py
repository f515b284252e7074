"""The authentication class."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from torii_backend._guard.options import GuardOptions
from torii_backend._guard.refusal import refusal_response
from torii_backend.auth import Auth
from torii_backend.django.binding import bind_until_closed
from torii_backend.django.guard import ViewGuard
from torii_backend.drf.refused import Refused
from torii_backend.drf.user import ToriiUser
from torii_backend.errors import MissingCredentials, ToriiAuthError


class ToriiAuthentication(BaseAuthentication):
    """Tells by its bearer token who sends a request; refuses it where the token is bad.

    As everywhere in REST framework, permission classes say whether sign-in is needed at all:
    `IsAuthenticated`, or `RequirePolicy`, which answers in the words of the other adapters and lets
    CORS preflight requests pass.

    Attributes:
        auth_options: the keywords of `torii_backend._guard.options.GuardOptions`, in subclasses; for those
            not given `settings.TORII` counts, except REQUIRED and EXEMPT. `required` is False by
            default; set to True, a request without credentials is refused before any permission
            class is asked, or another authentication class.

    Raises:
        ConfigurationError: an option is wrong.
    """

    auth_options: ClassVar[GuardOptions] = {}
    _views: ClassVar[ViewGuard] = ViewGuard({"required": False})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._views = ViewGuard({"required": False, **cls.auth_options})

    def authenticate(self, request: Request) -> Optional[tuple[Any, Auth]]:
        """Return user and Auth of a request, or None where it carries no bearer credentials.

        Raises:
            APIException: the request may not pass; its cause is the ToriiAuthError.
        """
        guard = self._views.guard
        http_request = request._request
        try:
            auth = guard.admit(http_request)
        except ToriiAuthError as refusal:
            raise self.refused(refusal, request) from refusal
        bind_until_closed(auth, http_request)
        if auth is None:
            return None
        return (http_request.user if guard.finds_users else ToriiUser(auth)), auth

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the challenge of a 401 that REST framework sends by itself."""
        return dict(refusal_response(MissingCredentials()).headers)["WWW-Authenticate"]

    def passes_preflight(self, request: Request) -> bool:
        """Tell whether a request passed as nobody's because it is a CORS preflight."""
        # While it describes a view, REST framework makes one of another method out of it.
        return request.method == "OPTIONS" and self._views.guard.passes_preflight(request._request)

    def refused(self, refusal: ToriiAuthError, request: Request) -> Refused:
        """Make the exception that answers a request with a refusal."""
        return Refused(
            self._views.guard.response_to(refusal, request._request), refusal.reason, request
        )
