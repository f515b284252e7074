"""The middleware that guards a whole project."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, Optional, Union, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend._guard.options import GuardOptions
from torii_backend._guard.policy import PolicyOptions
from torii_backend.django.guard import Guard, note_let_in, pass_on, pass_on_async
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
        options = configured_options()
        self._get_response: Callable[[HttpRequest], Any] = get_response
        self._guard = Guard(options)
        self._public_guard = Guard(_for_everybody(options))
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
        try:
            auth = self._guard.admit(request)
        except ToriiAuthError as refusal:
            if not _excuses(refusal, request):
                return self._guard.refuse(refusal, request)
        else:
            note_let_in(auth, request)
            return pass_on(auth, request, self._get_response)
        return self._public_guard.answer(request, self._get_response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        try:
            auth = await self._guard.admit_async(request)
        except ToriiAuthError as refusal:
            if not _excuses(refusal, request):
                return self._guard.refuse(refusal, request)
        else:
            note_let_in(auth, request)
            return await pass_on_async(auth, request, self._get_response)
        return await self._public_guard.answer_async(request, self._get_response)

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


def _excuses(refusal: ToriiAuthError, request: HttpRequest) -> bool:
    """Tell whether a refusal does not count, because the request goes to a public view."""
    if not isinstance(refusal, (MissingCredentials, PermissionDenied)):
        return False
    if not leads_to_public(request):
        return False
    setattr(request, _REFUSAL, refusal)
    return True


def _for_everybody(options: GuardOptions) -> GuardOptions:
    """Make the options that admit who has no credentials, or may not do what others may."""
    asked = {"policy", *PolicyOptions.__annotations__}
    kept = {name: value for name, value in options.items() if name not in asked}
    return cast("GuardOptions", {**kept, "required": False})
