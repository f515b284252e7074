"""`current_auth()` in Django: bound while a guard calls the next layer, or until a request is closed.

The middleware, the decorators and the mixin call what they guard, so they bind before and unbind
after (`call_next`). A response that streams is read later, so each step of it is bound again.

Django REST framework and django-ninja ask who the user is, but don't say when the view is done
(`bind_until_closed`). `_unbinders` is a stack of their bindings, the outermost first. It is kept in
a context variable, so each thread and each task has its own, and no lock is needed. Four events
end bindings:
- `request.close()`, which Django calls after the whole response. It ends the binding of the request
  and all above it: those of requests that the view made itself, which nobody closes.
- `got_request_exception` ends the same if the exception is about to leave Django
  (`DEBUG_PROPAGATE_EXCEPTIONS`). Then there is no response, so Django doesn't close the request.
- `request_finished` ends all of them.
- `request_started` ends all of them, too: the response before may never have been closed, and a
  thread serves one request after another.

Django may close a request in a copy of the context that it was bound in. A token of a context
variable works in its own context only, so unbinding sets the value from before instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from contextvars import ContextVar
from typing import Any, Callable, Optional, cast

from django.conf import settings
from django.core.signals import got_request_exception, request_finished, request_started
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from torii_backend._guard.context import BoundIterator, bind_auth, set_auth_until, unbind_auth
from torii_backend.auth import Auth

_UNBIND = "_torii_unbind"

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_unbinders: ContextVar[tuple[Callable[[], None], ...]] = ContextVar(
    "torii_backend.django.unbinders", default=()
)


def call_next(
    auth: Optional[Auth], request: HttpRequest, get_response: GetResponse
) -> HttpResponseBase:
    """Call the next layer with `current_auth()` bound."""
    token = bind_auth(auth)
    try:
        return _with_bound_stream(auth, get_response(request))
    finally:
        unbind_auth(token)


async def call_next_async(
    auth: Optional[Auth], request: HttpRequest, get_response: GetResponseAsync
) -> HttpResponseBase:
    """Async version of `call_next`."""
    token = bind_auth(auth)
    try:
        return _with_bound_stream(auth, await get_response(request))
    finally:
        unbind_auth(token)


def bind_until_closed(auth: Optional[Auth], request: HttpRequest) -> None:
    """Bind `current_auth()` until Django closes the request."""
    depth = len(_unbinders.get())
    unbind = set_auth_until(auth)
    _unbinders.set((*_unbinders.get(), unbind))
    close = request.close

    def unbind_all() -> None:
        if unbind in _unbinders.get():
            _unbind_above(depth)

    def unbind_and_close() -> None:
        unbind_all()
        # Otherwise the request and this function would keep each other alive.
        vars(request).pop("close", None)
        vars(request).pop(_UNBIND, None)
        close()

    # The first binding of a request is below its others.
    vars(request).setdefault(_UNBIND, unbind_all)
    request.close = unbind_and_close  # type: ignore[method-assign]


def _unbind_above(depth: int = 0, **_: Any) -> None:
    """End the bindings of this context, except for the outermost `depth` ones."""
    unbinders = _unbinders.get()
    if not unbinders:
        return
    for unbind in reversed(unbinders[depth:]):
        unbind()
    _unbinders.set(unbinders[:depth])


def _unbind_failed(request: Optional[HttpRequest] = None, **_: Any) -> None:
    """End the bindings of a request whose exception leaves Django."""
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:
        unbind = getattr(request, _UNBIND, None)
        if unbind is not None:
            unbind()


got_request_exception.connect(_unbind_failed, dispatch_uid="torii_backend.django.binding")
for _signal in (request_started, request_finished):
    _signal.connect(_unbind_above, dispatch_uid="torii_backend.django.binding")


def _with_bound_stream(auth: Optional[Auth], response: HttpResponseBase) -> HttpResponseBase:
    """Bind `current_auth()` in the steps of a stream, which is read after the guard has returned."""
    if isinstance(response, StreamingHttpResponse) and not hasattr(response, "file_to_stream"):
        chunks = response.streaming_content
        if response.is_async:
            response.streaming_content = _stream_async(auth, cast("AsyncIterator[bytes]", chunks))
        else:
            response.streaming_content = BoundIterator(auth, cast("Iterable[bytes]", chunks))
    return response


async def _stream_async(auth: Optional[Auth], chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    iterator = chunks.__aiter__()
    while True:
        token = bind_auth(auth)
        try:
            chunk = await iterator.__anext__()
        except StopAsyncIteration:
            return
        finally:
            unbind_auth(token)
        yield chunk
