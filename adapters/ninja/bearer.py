"""The `auth=` argument of an API, a router or an operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Optional, Union

from django.conf import settings
from django.http import HttpRequest
from ninja.security.base import SecuritySchema
from ninja.security.http import HttpAuthBase

from torii_backend._guard.options import GuardOptions, shows_options
from torii_backend.auth import Auth
from torii_backend.django.binding import bind_until_closed
from torii_backend.django.guard import LazyGuard, RequestGuard
from torii_backend.errors import ToriiAuthError
from torii_backend.ninja.errors import AuthHttpError, register_handler, respond_to_refusals_of_view

if TYPE_CHECKING:
    from typing_extensions import Unpack


_DESCRIPTION = "A Torii access token."


class _Admitted:
    """Admits a request without a token, since django-ninja rejects those whose auth is falsy."""


ADMITTED = _Admitted()


class ToriiBearer(HttpAuthBase):
    """Requires sign-in, and adds one bearer scheme to the OpenAPI document.

    With `required=False` sign-in is optional, and `request.auth` is None without a token. In a list of
    several, sessions and other cookies don't count for a request that has a token. Write callables that
    read other tokens before it.

    Args:
        options: the keywords of `torii_backend.GuardOptions`. Those you leave out come from
            `settings.TORII`, except REQUIRED and EXEMPT.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    openapi_scheme: str = "bearer"
    openapi_bearerFormat: str = "JWT"  # noqa: N815 - the name in the OpenAPI document
    openapi_description: str = _DESCRIPTION

    @shows_options(GuardOptions)
    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        super().__init__()
        self._lazy_guard = LazyGuard(**options)
        self._show_header(**options)
        # django-ninja would call a plain function in a thread if the operation is async.
        self.is_async: bool = True

    def __call__(self, request: HttpRequest) -> Union[object, Awaitable[object]]:
        """Authenticate a request; django-ninja calls this, and awaits the result if it can be awaited.

        Raises:
            HttpError: the request is refused; the ToriiAuthError is its cause.
        """
        guard = self._lazy_guard.get()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _authenticate(guard, request)
        return _authenticate_async(guard, request)

    def _show_header(self, **options: Unpack[GuardOptions]) -> None:
        """Show the header that carries the token in the OpenAPI document."""
        # Not by the guard: its settings may name modules that are still being imported.
        torii = getattr(settings, "TORII", None)
        configured: dict[str, Any] = torii if isinstance(torii, dict) else {}
        header = str(options.get("header") or configured.get("HEADER") or "authorization")
        bare = options.get("scheme", configured.get("SCHEME", "bearer")) is None
        if header.lower() == "authorization" and not bare:
            return
        form = _DESCRIPTION if bare else f"The word Bearer, a space and a{_DESCRIPTION[1:]}"
        # The type "http" is for Authorization with a scheme alone.
        place = {"in": "header", "name": header, "description": form}
        self.openapi_security_schema: SecuritySchema = SecuritySchema(type="apiKey", **place)

    def has_token(self, request: HttpRequest) -> bool:
        """Return whether a request has bearer credentials, good or bad, in the header of this guard."""
        return self._lazy_guard.get().has_token(request)

    def options(self) -> GuardOptions:
        """Return the options for the present settings."""
        return self._lazy_guard.options()


def _authenticate(guard: RequestGuard, request: HttpRequest) -> object:
    try:
        auth = guard.authenticate(request)
    except ToriiAuthError as refusal:
        raise _error_for(refusal, guard, request) from refusal
    return _bound(auth, guard, request)


async def _authenticate_async(guard: RequestGuard, request: HttpRequest) -> object:
    try:
        auth = await guard.authenticate_async(request)
    except ToriiAuthError as refusal:
        raise _error_for(refusal, guard, request) from refusal
    return _bound(auth, guard, request)


def _bound(auth: Optional[Auth], guard: RequestGuard, request: HttpRequest) -> object:
    respond_to_refusals_of_view(request, guard)
    bind_until_closed(auth, request)
    return ADMITTED if auth is None else auth


def _error_for(refusal: ToriiAuthError, guard: RequestGuard, request: HttpRequest) -> AuthHttpError:
    register_handler(request)
    return AuthHttpError(guard.http_response_to(refusal, request, "ninja"), str(refusal))
