"""The `auth=` argument of an API, a router or an operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Optional, Union

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


_DESCRIPTION = "a Torii access token."


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
    openapi_description: str = f"{_DESCRIPTION[0].upper()}{_DESCRIPTION[1:]}"

    @shows_options(GuardOptions)
    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        super().__init__()
        self._lazy_guard = LazyGuard(**options)
        header = options.get("header") or getattr(settings, "TORII", {}).get(
            "HEADER", "authorization"
        )
        if header.lower() != "authorization":
            # The scheme "http" is for Authorization alone.
            place = {
                "in": "header",
                "name": header,
                "description": f"`Bearer `, and {_DESCRIPTION}",
            }
            self.openapi_security_schema = SecuritySchema(type="apiKey", **place)
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
    return AuthHttpError(guard.http_response_to(refusal, request), str(refusal))
