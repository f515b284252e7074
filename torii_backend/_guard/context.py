"""`current_auth()`: the Auth of the request that is being handled.

There are two places to look. A binding is the value of a context variable: guards that call the view
bind before the call and unbind after it. Each thread and each task has its own context, so no lock is
needed. A source is a function that an adapter registers on import. It returns the Auth that a framework
keeps with its current request, so nothing has to be undone when that request ends, however it ends.

Requests can be nested: a view may call another guarded application. The innermost guard counts. So a
source also returns the binding that was in place when its guard ran. If another one is in place now, a
guard further inside has bound it. In a thread that doesn't inherit the context there is no binding, and
the source counts. Bindings are compared by identity, since two requests may have the same Auth.

`_sources` only grows, while modules are imported, so it is read without a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import ContextVar, Token
from typing import Any, Callable, Generic, NamedTuple, Optional, TypeVar, Union, overload

from msgspec import UNSET

from torii_backend.auth import Auth, not_from_requests
from torii_backend.errors import ConfigurationError

Chunk = TypeVar("Chunk")
Default = TypeVar("Default")
Result = TypeVar("Result")

# A fresh tuple for each binding, told from the others by its identity.
Binding = tuple[Optional[Auth]]
_current: ContextVar[Optional[Binding]] = ContextVar("torii_backend.current_auth", default=None)


class RequestAuth(NamedTuple):
    """What a framework keeps with a request: the Auth, and the binding when its guard ran."""

    auth: Optional[Auth]
    bound_before: Optional[Binding]


_sources: list[Callable[[], Optional[RequestAuth]]] = []


@overload
def current_auth() -> Optional[Auth]: ...


@overload
def current_auth(default: Default) -> Union[Auth, Default, None]: ...


@not_from_requests()
def current_auth(default: Any = UNSET) -> Any:
    """Return the Auth of the request that is being handled.

    In Flask it works wherever Flask's `request` works. A response that streams needs
    `stream_with_context` for both.

    Args:
        default: what to return if no guard has seen the current request, or there is none, as in a
            logging filter. An error is raised if you leave it out.

    Returns:
        The Auth that the guard injected. None if the request passed without credentials
        (`required=False`, an exempt path or a CORS preflight).

    Raises:
        ConfigurationError: no guard has seen the current request, and there is no default.
    """
    binding = _current.get()
    for source in _sources:
        found = source()
        if found is not None and (binding is None or binding is found.bound_before):
            return found.auth
    if binding is None:
        if default is not UNSET:
            return default
        raise ConfigurationError(
            "current_auth() was called outside a guarded request. "
            "Add the adapter's AuthMiddleware, or @require_auth on the view."
        )
    return binding[0]


def register_source(source: Callable[[], Optional[RequestAuth]]) -> None:
    """Let a framework tell the Auth of its current request; None if it has no guarded request."""
    _sources.append(source)


def current_binding() -> Optional[Binding]:
    """Return the binding that is in place in this context."""
    return _current.get()


def restore_binding(binding: Optional[Binding]) -> None:
    """Put back what `current_binding` returned, whatever was bound and left behind since."""
    _current.set(binding)


def bind_auth(auth: Optional[Auth]) -> Token[Optional[Binding]]:
    """Make `auth` the value of `current_auth()`; undo it with `unbind_auth`."""
    return _current.set((auth,))


def unbind_auth(token: Token[Optional[Binding]]) -> None:
    """Undo one `bind_auth`."""
    # A server may close a response in another context than it was made in: nothing is bound there.
    # Not by `suppress`, which takes as long as all the rest.
    try:
        _current.reset(token)
    except ValueError:
        pass


def set_auth_until(auth: Optional[Auth]) -> Callable[[], None]:
    """Like `bind_auth`, for adapters whose cleanup may run out of order or in another context.

    The function that it returns undoes this binding if it is in place, and no other.
    """
    before = _current.get()
    binding = (auth,)
    _current.set(binding)

    def unbind() -> None:
        if _current.get() is binding:
            _current.set(before)

    return unbind


class BoundIterator(Generic[Chunk]):
    """Iterate over a streaming response with `current_auth()` set while each chunk is produced.

    Bodies are read after their guard has returned, and servers may read several in turns. Make it
    while the Auth is bound, so that each chunk has the same binding.
    """

    def __init__(self, auth: Optional[Auth], body: Iterable[Chunk]) -> None:
        binding = _current.get()
        self._binding = binding if binding is not None and binding[0] is auth else (auth,)
        self._body = body
        self._iterator: Optional[Iterator[Chunk]] = None

    def __iter__(self) -> BoundIterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        if self._iterator is None:
            self._iterator = self._bound(lambda: iter(self._body))
        iterator = self._iterator
        return self._bound(lambda: next(iterator))

    def close(self) -> None:
        """Close the body (PEP 3333)."""
        close = getattr(self._body, "close", None)
        if close is not None:
            self._bound(close)

    def _bound(self, step: Callable[[], Result]) -> Result:
        binding = _current.get()
        if binding is not None and binding[0] is self._binding[0]:
            # A guard that is still at work has bound it, and may unbind it in this step.
            return step()
        token = _current.set(self._binding)
        try:
            return step()
        finally:
            unbind_auth(token)
