"""What guards need of django-ninja and find no hook for: its classes of operations are extended, once.

- An operation has a list of callables that may authenticate its request. If the request has a token for a
  ToriiBearer, sessions and other cookies are not asked: they would demand a CSRF token first. If it has none,
  a ToriiBearer is asked last, because it refuses a missing token.
- django-ninja rejects a request for which all of them return something falsy. So a ToriiBearer admits a
  request without a token by an object, and `request.auth` becomes None after that: throttles look at it.
- A response gets the `Vary` that guards noted at its request.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Optional

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja.operation import AsyncOperation, Operation, PathView
from ninja.security import APIKeyCookie

from torii_backend.django.vary import vary
from torii_backend.ninja.bearer import ADMITTED, ToriiBearer

_authentication = Operation._run_authentication
_authentication_async = AsyncOperation._run_authentication
_sync_view, _async_view = PathView._sync_view, PathView._async_view


def extend_operations() -> None:
    """Put our methods in the place of those that they call."""
    Operation._run_authentication = _run_authentication  # type: ignore[method-assign]
    AsyncOperation._run_authentication = _run_authentication_async  # type: ignore[method-assign]
    PathView._sync_view = _varying  # type: ignore[method-assign]
    PathView._async_view = _varying_async  # type: ignore[method-assign]


def _run_authentication(self: Operation, request: HttpRequest) -> Optional[HttpResponse]:
    refusal = _authentication(_in_order(self, request), request)
    _forget_placeholder(request)
    return refusal


async def _run_authentication_async(
    self: AsyncOperation, request: HttpRequest
) -> Optional[HttpResponse]:
    refusal = await _authentication_async(_in_order(self, request), request)
    _forget_placeholder(request)
    return refusal


def _in_order(operation: Any, request: HttpRequest) -> Any:
    """Return the operation with those callables that are to be asked for this request."""
    callbacks = operation.auth_callbacks
    bearers = [each for each in callbacks if isinstance(each, ToriiBearer)]
    if not bearers or len(callbacks) == 1:
        return operation
    ordered = copy(operation)
    asked = [each for each in bearers if each.has_token(request)]
    if asked:
        ordered.auth_callbacks = [
            each
            for each in callbacks
            if each in asked or not isinstance(each, (ToriiBearer, APIKeyCookie))
        ]
    else:
        ordered.auth_callbacks = [each for each in callbacks if each not in bearers] + bearers
    return ordered


def _forget_placeholder(request: HttpRequest) -> None:
    if getattr(request, "auth", None) is ADMITTED:
        request.auth = None  # type: ignore[attr-defined]


def _varying(self: PathView, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    return vary(request, _sync_view(self, request, *args, **kwargs))


async def _varying_async(
    self: PathView, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    return vary(request, await _async_view(self, request, *args, **kwargs))
