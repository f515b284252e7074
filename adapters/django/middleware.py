"""The middleware that guards a whole project."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, Optional, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend.auth import Auth
from torii_backend.django.guard import Guard, pass_on, pass_on_async
from torii_backend.django.options import configured_options
from torii_backend.django.public import is_public, leads_to_public
from torii_backend.errors import MissingCredentials, PermissionDenied, ToriiAuthError

Response = Union[HttpResponseBase, Awaitable[HttpResponseBase]]

# Why a request would have been refused, had its view not been public.
_REFUSAL = "_torii_refusal"


class AuthMiddleware:
    """Lets only authenticated requests through to the views, as `settings.TORII` says.

    Views marked with `@public` are open.

    Args:
        get_response: the next layer, sync or async.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Response]) -> None:
        self._get_response: Callable[[HttpRequest], Any] = get_response
        self._guard = Guard(configured_options())
        self._answer: Callable[[HttpRequest], Response] = self._answer_sync
        # Django would call a plain function in a thread, where it is async.
        self.process_view: Callable[..., Any] = self._view_refusal
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self._answer = self._answer_async
            self.process_view = self._view_refusal_async

    def __call__(self, request: HttpRequest) -> Response:
        """Answer one request."""
        return self._answer(request)

    def _answer_sync(self, request: HttpRequest) -> HttpResponseBase:
        auth: Optional[Auth] = None
        try:
            auth = self._guard.identify(request)
            self._guard.authorize(auth)
        except ToriiAuthError as refusal:
            if not _is_lifted(refusal, request, auth):
                return self._guard.refuse(refusal, request)
        return pass_on(self._guard.inject(request, auth), request, self._get_response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        auth: Optional[Auth] = None
        try:
            auth = await self._guard.identify_async(request)
            await self._guard.authorize_async(auth)
        except ToriiAuthError as refusal:
            if not _is_lifted(refusal, request, auth):
                return self._guard.refuse(refusal, request)
        return await pass_on_async(self._guard.inject(request, auth), request, self._get_response)

    def _view_refusal(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> Optional[HttpResponseBase]:
        """Refuse where another middleware has led the request to another view than the public one."""
        refusal: Optional[ToriiAuthError] = getattr(request, _REFUSAL, None)
        if refusal is None or is_public(view):
            return None
        return self._guard.refuse(refusal, request)

    async def _view_refusal_async(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> Optional[HttpResponseBase]:
        return self._view_refusal(request, view)


def _is_lifted(refusal: ToriiAuthError, request: HttpRequest, auth: Optional[Auth]) -> bool:
    """Return whether `@public` lifts a refusal: a missing token, or the policy's no to a verified Auth."""
    lifted = MissingCredentials if auth is None else PermissionDenied
    if not isinstance(refusal, lifted) or not leads_to_public(request):
        return False
    setattr(request, _REFUSAL, refusal)
    return True
