"""The middleware that guards a whole project."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, Optional, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend.auth import Auth, not_from_requests
from torii_backend.django.binding import call_next, call_next_async
from torii_backend.django.guard import RequestGuard
from torii_backend.django.options import configured_csrf_exempt, configured_options
from torii_backend.django.public import mark_of_target, public_mark
from torii_backend.django.request import DjangoRequest
from torii_backend.django.vary import vary
from torii_backend.errors import MissingCredentials, PermissionDenied, ToriiAuthError

Response = Union[HttpResponseBase, Awaitable[HttpResponseBase]]

# The refusal that applies if the view turns out not to be public, and whether each public view lifts it.
_LIFTED = "_torii_lifted_refusal"


@not_from_requests()
class AuthMiddleware:
    """Requires sign-in for every view, as configured in `settings.TORII`.

    Write it in `MIDDLEWARE`. Views marked by `@public` don't need sign-in. A request with a valid token
    needs no CSRF token, unless `CSRF_EXEMPT` is False.

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
        self._csrf_exempt = configured_csrf_exempt() and self._guard.is_sent_on_purpose()
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
        auth, incoming = None, DjangoRequest(request)
        try:
            auth = self._guard.authenticator.identify(incoming)
            self._guard.authenticator.authorize(auth)
        except ToriiAuthError as refusal:
            if not self._is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
        try:
            self._guard.inject(auth, incoming)
        except PermissionDenied as refusal:
            if not self._is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
            auth = None
            self._guard.inject(auth, incoming)
        self._exempt_from_csrf(auth, request)
        return vary(request, call_next(auth, request, self._get_response))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        auth, incoming = None, DjangoRequest(request)
        try:
            auth = await self._guard.authenticator.identify_async(incoming)
            await self._guard.authenticator.authorize_async(auth)
        except ToriiAuthError as refusal:
            if not self._is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
        try:
            await self._guard.inject_async(auth, incoming)
        except PermissionDenied as refusal:
            if not self._is_lifted(refusal, request, auth):
                return self._guard.http_response_to(refusal, request)
            auth = None
            await self._guard.inject_async(auth, incoming)
        self._exempt_from_csrf(auth, request)
        return vary(request, await call_next_async(auth, request, self._get_response))

    def _exempt_from_csrf(self, auth: Optional[Auth], request: HttpRequest) -> None:
        """Spare a request the CSRF token: another site can't make a browser send the token of an Auth."""
        if auth is not None and self._csrf_exempt:
            # Django's test client sets it as well, and CsrfViewMiddleware reads it before the view.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]

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
        if not hasattr(request, _LIFTED):
            return None
        refusal, by_each = getattr(request, _LIFTED)
        mark = public_mark(view)
        if mark is not None and (by_each or mark.ignores_token):
            return None
        return self._guard.http_response_to(refusal, request)

    async def _check_view_async(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> Optional[HttpResponseBase]:
        return self._check_view(request, view)

    def _is_lifted(
        self, refusal: ToriiAuthError, request: HttpRequest, auth: Optional[Auth]
    ) -> bool:
        """Return whether `@public` lifts a refusal: no token, or an Auth that is not allowed to pass.

        Everything else says that something is wrong with the request, or that nobody can tell. Only
        a receiver of webhooks lifts that, too: it ignores tokens.
        """
        by_each = isinstance(refusal, MissingCredentials if auth is None else PermissionDenied)
        mark = mark_of_target(request)
        if mark is None or not (by_each or mark.ignores_token):
            return False
        self._guard.note_header(request)
        setattr(request, _LIFTED, (refusal, by_each))
        return True
