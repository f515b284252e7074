"""The Auth of the request that is being handled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import Any, Callable, Generic, Optional, TypeVar

from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

_UNBOUND: Any = object()
_current: ContextVar[Optional[Auth]] = ContextVar("torii_backend.current_auth")


def current_auth() -> Optional[Auth]:
    """Return the Auth of the request that is being handled.

    Returns:
        The Auth that the adapter injected; None where the request was let in without credentials
        (`required=False`, or an exempt path).

    Raises:
        ConfigurationError: no guard has seen the current request.
    """
    auth: Optional[Auth] = _current.get(_UNBOUND)
    if auth is _UNBOUND:
        raise ConfigurationError(
            "current_auth() was called outside a guarded request: "
            "add the adapter's AuthMiddleware, or @require_auth on the view."
        )
    return auth


def bind_auth(auth: Optional[Auth]) -> Token[Optional[Auth]]:
    """Make `auth` the value of `current_auth()`, for adapters; undo it with `unbind_auth`."""
    return _current.set(auth)


def unbind_auth(token: Token[Optional[Auth]]) -> None:
    """Undo one `bind_auth`."""
    # A server may close a response in another context than it was made in: nothing is bound there.
    with suppress(ValueError):
        _current.reset(token)


def bind_auth_at_large(auth: Optional[Auth]) -> Callable[[], None]:
    """Do as `bind_auth`, for adapters that cannot undo it in the same context, nor in its turn.

    Returns:
        A function that undoes it in any context that has taken it over, and changes no other.
    """
    before = _current.get(_UNBOUND)
    _current.set(auth)

    def unbind() -> None:
        if _current.get(_UNBOUND) is auth:
            _current.set(before)

    return unbind


def hide_auth_at_large() -> Callable[[], None]:
    """Do as `bind_auth_at_large`, for a request that no guard has seen: `current_auth()` fails."""
    return bind_auth_at_large(_UNBOUND)


class BoundIterator(Generic[Chunk]):
    """A response body whose every step runs with `current_auth()` bound, and leaves nothing bound.

    Bodies are read after their guard has returned, and servers may read several in turns.
    """

    def __init__(self, auth: Optional[Auth], body: Iterable[Chunk]) -> None:
        self._auth = auth
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
        if _current.get(_UNBOUND) is self._auth:
            # A guard that is still at work has bound it, and may unbind it in this step.
            return step()
        token = bind_auth(self._auth)
        try:
            return step()
        finally:
            unbind_auth(token)
