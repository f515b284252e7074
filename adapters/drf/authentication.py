"""The authentication class."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from torii_backend._guard.options import GuardOptions, masked_options
from torii_backend._guard.refusal import is_refusal_by_view, refusal_response
from torii_backend.auth import Auth, not_from_requests
from torii_backend.django.binding import bind_until_closed
from torii_backend.django.guard import LazyGuard
from torii_backend.django.vary import noted_headers
from torii_backend.drf.exceptions import AuthAPIException, add_to_vary
from torii_backend.drf.user import ToriiUser
from torii_backend.errors import MissingCredentials, ToriiAuthError


@not_from_requests()
class ToriiAuthentication(BaseAuthentication):
    """Authenticates requests by their bearer token, and rejects those with an invalid one.

    As everywhere in REST framework, permission classes decide whether sign-in is required. Use
    `RequirePolicy`: it responds like the other adapters and lets CORS preflight requests pass.
    `IsAuthenticated` works, too, but rejects preflight requests.

    Attributes:
        auth_options: set it in a subclass to the keywords of `torii_backend.GuardOptions`. Those you
            leave out come from `settings.TORII`, except REQUIRED and EXEMPT. `required` is False by
            default. If it is True, a request without credentials is rejected at once, before
            permission classes and other authentication classes are asked.

    Raises:
        ConfigurationError: an option is wrong.
    """

    auth_options: ClassVar[GuardOptions] = {}
    _lazy_guard: ClassVar[LazyGuard] = LazyGuard(required=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        given = masked_options(cls.auth_options)
        options: GuardOptions = {"required": False, **given}
        cls._lazy_guard = LazyGuard(**options)

    def authenticate(self, request: Request) -> Optional[tuple[Any, Auth]]:
        """Authenticate a request; REST framework calls this.

        Returns:
            The user and the Auth, or None if the request has no bearer credentials.

        Raises:
            APIException: the request is refused; the ToriiAuthError is its cause.
        """
        guard = self._lazy_guard.get()
        http_request = request._request
        try:
            auth = guard.authenticate(http_request)
        except ToriiAuthError as refusal:
            raise self.exception_for(refusal, request) from refusal
        except Exception:
            # A USER_RESOLVER raised it. REST framework would ask again at each `request.user`.
            request._not_authenticated()  # type: ignore[attr-defined]
            raise
        finally:
            _vary(request)
        bind_until_closed(auth, http_request)
        self._respond_to_refusals_of_view(request)
        if auth is None:
            return None
        return (http_request.user if guard.finds_users else ToriiUser(auth)), auth

    def _respond_to_refusals_of_view(self, request: Request) -> None:
        """Let the view respond to a refusal that it raises, unless the project's handler does."""
        view: Any = (request.parser_context or {}).get("view")
        if view is None:
            return
        handle = view.handle_exception

        def handle_refusal(error: Exception) -> Any:
            try:
                return handle(error)
            except ToriiAuthError as refusal:
                if not is_refusal_by_view(refusal):
                    raise
                api_error = self.exception_for(refusal, request)
                api_error.__cause__ = refusal
                return handle(api_error)

        view.handle_exception = handle_refusal

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the WWW-Authenticate header of a 401 that REST framework sends by itself."""
        resource = self._lazy_guard.get().authenticator.resource
        return dict(refusal_response(MissingCredentials(), resource).headers)["WWW-Authenticate"]

    def is_open_preflight(self, request: Request) -> bool:
        """Return whether a request is a CORS preflight that passes without sign-in."""
        # To describe a view, REST framework turns a request into one with another method.
        guard = self._lazy_guard.get()
        return request.method == "OPTIONS" and guard.is_open_preflight(request._request)

    def exception_for(self, refusal: ToriiAuthError, request: Request) -> AuthAPIException:
        """Return the exception that makes REST framework respond to a refusal."""
        response = self._lazy_guard.get().response_to(refusal, request._request, "drf")
        return AuthAPIException(response, refusal.reason, request)


def _vary(request: Request) -> None:
    """Let the view add the header of the token to the `Vary` of its response."""
    view = (request.parser_context or {}).get("view")
    headers: Optional[dict[str, str]] = getattr(view, "headers", None)
    if headers is not None:
        add_to_vary(headers, noted_headers(request._request))
