"""The middleware that guards a whole project."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, Optional, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend.auth import Auth
from torii_backend.django.binding import call_next, call_next_async
from torii_backend.django.guard import RequestGuard
from torii_backend.django.options import configured_options
from torii_backend.django.public import is_public, leads_to_public
from torii_backend.django.request import DjangoRequest
from torii_backend.errors import MissingCredentials, ToriiAuthError

Response = Union[HttpResponseBase, Awaitable[HttpResponseBase]]

# The refusal that applies if the view turns out not to be public.
_LIFTED = "_torii_lifted_refusal"


class AuthMiddleware:
    """Requires sign-in for every view, as configured in `settings.TORII`.

    Write it in `MIDDLEWARE`. Views marked by `@public` don't need sign-in.

    Args:
        get_response: the next layer, sync or async.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Response]) -> None:
        self._get_response: Callable[[HttpRequest], Any] = get_response
        self._guard = RequestGuard(**configured_options())
        self._is_async = iscoroutinefunction(get_response)
        # Under ASGI, Django would call a plain function in a thread.
        self.process_view: Callable[..., Any] = self._check_view
        if self._is_async:
            markcoroutinefunction(self)
            self.process_view = self._check_view_async

    def __call__(self, request: HttpRequest) -> Response:
        """Handle one request."""
        if self._is_async:
            return self._call_async(request)
        auth: Optional[Auth] = None
        try:
            auth = self._guard.authenticator.identify(DjangoRequest(request))
            self._guard.authenticator.authorize(auth)
        except ToriiAuthError as refusal:
            if not _is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
        self._guard.inject(auth, request)
        return call_next(auth, request, self._get_response)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        auth: Optional[Auth] = None
        try:
            auth = await self._guard.authenticator.identify_async(DjangoRequest(request))
            await self._guard.authenticator.authorize_async(auth)
        except ToriiAuthError as refusal:
            if not _is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
        self._guard.inject(auth, request)
        return await call_next_async(auth, request, self._get_response)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> Optional[HttpResponseBase]:
        """Respond to a refusal that a view raised. Django calls this."""
        if isinstance(error, ToriiAuthError) and is_refusal_by_view(error):
            return self._guard.http_response_to(error, request)
        return None

    def _check_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> Optional[HttpResponseBase]:
        """Refuse after all if another middleware has rerouted the request to a view that isn't public."""
        refusal: Optional[ToriiAuthError] = getattr(request, _LIFTED, None)
        if refusal is None or is_public(view):
            return None
        return self._guard.http_response_to(refusal, request)

    async def _check_view_async(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> Optional[HttpResponseBase]:
        return self._check_view(request, view)


def _is_lifted(refusal: ToriiAuthError, request: HttpRequest, auth: Optional[Auth]) -> bool:
    """Return whether `@public` lifts a refusal: no token, or whatever the policy says of an Auth."""
    lifted = MissingCredentials if auth is None else ToriiAuthError
    if not isinstance(refusal, lifted) or not leads_to_public(request):
        return False
    setattr(request, _LIFTED, refusal)
    return True
