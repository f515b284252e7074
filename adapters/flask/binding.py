"""`current_auth()` in Flask: from the guard of a request until its end, and in no other request."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Callable, Optional

from flask import Flask, Request, request, request_started, request_tearing_down

from torii_backend._guard.context import bind_auth_at_large, current_auth, hide_auth_at_large
from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError

_BOUND = "torii_backend.flask.bound"
_BINDING = "torii_backend.flask.binding"


class _Binding:
    """What a guard has bound, told from all other bindings by its identity."""

    __slots__ = ("auth",)

    def __init__(self, auth: Optional[Auth]) -> None:
        self.auth = auth


# The last one in this context.
_bound: ContextVar[Optional[_Binding]] = ContextVar("torii_backend.flask.bound", default=None)


def current_request() -> Request:
    """Give the current request itself; copies of its context share it, while `g` may be older."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    return current


def bind_until_torn_down(auth: Optional[Auth], current: Request) -> None:
    """Bind `current_auth()` until Flask tears the current request down."""
    binding = _Binding(auth)
    # What a view makes of this environ is the same request to us.
    current.environ[_BINDING] = binding
    _keep(binding, bind_auth_at_large(auth), current)


def _keep(binding: _Binding, unbind: Callable[[], None], current: Request) -> None:
    """Have the current request undo a binding, in whichever context has it by then."""
    vars(current).setdefault(_BOUND, []).append((binding, _bound.get(), unbind))
    _bound.set(binding)


def _begin(sender: Flask, **_: Any) -> None:
    """Hide whom an earlier request has left behind, or the request whose view sends this one."""
    binding = _bound.get()
    if binding is None or request.environ.get(_BINDING) is binding:
        return
    with suppress(ConfigurationError):
        if current_auth() is binding.auth:
            _keep(_Binding(None), hide_auth_at_large(), current_request())


def _end(sender: Flask, **_: Any) -> None:
    for binding, before, unbind in reversed(vars(current_request()).get(_BOUND, ())):
        # Copies of a request context end in threads that know of no binding.
        if _bound.get() is binding:
            _bound.set(before)
            unbind()


# Flask tells nobody of an end where one of the functions for it fails. The next request begins.
request_started.connect(_begin)
request_tearing_down.connect(_end)
