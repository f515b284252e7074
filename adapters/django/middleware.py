"""The middleware that guards a whole project."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend.authenticator import Authenticator
from torii_backend.django.guard import answer, answer_async
from torii_backend.django.options import configured_options

Response = Union[HttpResponseBase, Awaitable[HttpResponseBase]]


class AuthMiddleware:
    """Lets only authenticated requests through to the views, as `settings.TORII` says.

    Args:
        get_response: the next layer, sync or async.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Response]) -> None:
        self._get_response: Callable[[HttpRequest], Any] = get_response
        self._authenticator = Authenticator(**configured_options())
        self._answer: Callable[..., Response] = answer
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self._answer = answer_async

    def __call__(self, request: HttpRequest) -> Response:
        """Answer one request."""
        return self._answer(self._authenticator, request, self._get_response)
