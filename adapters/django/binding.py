"""`current_auth()` for frameworks that ask who it is, and do not tell when they are done."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Callable, Optional

from django.core.signals import request_finished, request_started
from django.http import HttpRequest

from torii_backend._guard.context import bind_auth_at_large
from torii_backend.auth import Auth

# What undoes the bindings of this context, in their order.
_unbinders: ContextVar[tuple[Callable[[], None], ...]] = ContextVar(
    "torii_backend.django.unbinders"
)


def bind_until_closed(auth: Optional[Auth], request: HttpRequest) -> None:
    """Bind `current_auth()` until Django closes a request, which is after its whole answer.

    Nobody closes a request that a view makes itself: it ends with the one that the server knows of.
    """
    before = _unbinders.get(())
    unbind = bind_auth_at_large(auth)
    _unbinders.set((*before, unbind))
    close = request.close

    def unbind_and_close() -> None:
        if unbind in _unbinders.get(()):
            _unbind_down_to(len(before))
        # The request and this function would keep each other alive.
        vars(request).pop("close", None)
        close()

    request.close = unbind_and_close  # type: ignore[method-assign]


def _unbind_down_to(height: int) -> None:
    unbinders = _unbinders.get(())
    for unbind in reversed(unbinders[height:]):
        unbind()
    _unbinders.set(unbinders[:height])


def _unbind_all(**_: Any) -> None:
    """Leave nobody behind in a thread that serves one request after another."""
    if _unbinders.get(()):
        _unbind_down_to(0)


for _signal in (request_started, request_finished):
    _signal.connect(_unbind_all, dispatch_uid="torii_backend.django.binding")
