"""Slots: where the package reports what happens, and `observe`, by which you hear of it.

State: for each kind of event, the listeners in the order of their registration, and one slot. The slot is
None if there are no listeners, which is all that is looked at while nobody observes:

    listener = SLOTS.refused
    if listener is not None:
        listener(Refused(…))

Slots are read without a lock. `_lock` is held while a listener is added or removed. A slot is read once and
then called, because another thread may set it to None in between.

A kind of BACKGROUND_KINDS happens on threads of ours, so its listeners are called on another one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Coroutine
from functools import partial
from typing import Any, Callable, Optional, TypeVar, overload

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.observing.background import BACKGROUND
from torii_backend.observing.kinds import (
    Admitted,
    ApiCalled,
    EventHandled,
    KeysFetched,
    KeysFetchFailed,
    KeysStale,
    Refused,
    RevocationsFresh,
    RevocationsStale,
    Revoked,
    WebhookRefused,
)
from torii_backend.settings import is_async_function

Kind = TypeVar("Kind")


class Slots:
    """What to call with an event of each kind; None while nobody observes it."""

    def __init__(self) -> None:
        self.refused: Optional[Callable[[Refused], None]] = None
        self.admitted: Optional[Callable[[Admitted], None]] = None
        self.keys_fetched: Optional[Callable[[KeysFetched], None]] = None
        self.keys_fetch_failed: Optional[Callable[[KeysFetchFailed], None]] = None
        self.keys_stale: Optional[Callable[[KeysStale], None]] = None
        self.api_called: Optional[Callable[[ApiCalled], None]] = None
        self.event_handled: Optional[Callable[[EventHandled], None]] = None
        self.webhook_refused: Optional[Callable[[WebhookRefused], None]] = None
        self.revoked: Optional[Callable[[Revoked], None]] = None
        self.revocations_stale: Optional[Callable[[RevocationsStale], None]] = None
        self.revocations_fresh: Optional[Callable[[RevocationsFresh], None]] = None


SLOTS = Slots()

_SLOT_OF: dict[type, str] = {
    Refused: "refused",
    Admitted: "admitted",
    KeysFetched: "keys_fetched",
    KeysFetchFailed: "keys_fetch_failed",
    KeysStale: "keys_stale",
    ApiCalled: "api_called",
    EventHandled: "event_handled",
    WebhookRefused: "webhook_refused",
    Revoked: "revoked",
    RevocationsStale: "revocations_stale",
    RevocationsFresh: "revocations_fresh",
}
BACKGROUND_KINDS = (KeysFetched, KeysFetchFailed, KeysStale, RevocationsStale, RevocationsFresh)

_lock = threading.RLock()
_listeners: dict[type, tuple[_Listener, ...]] = {}


class _Listener:
    """One listener. If it raises, that is logged once and goes no further."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self._function = function
        self._has_failed = False

    def __call__(self, event: object) -> None:
        try:
            result = self._function(event)
            if result is not None:
                _reject_coroutine(result)
        except Exception:
            if not self._has_failed:
                self._has_failed = True
                # Not at the top: verifying a token needs no logging.
                import logging

                logging.getLogger("torii_backend.observing").exception(
                    "A listener of %s raised an error. Further errors of it are not logged.",
                    type(event).__name__,
                )


def _reject_coroutine(result: object) -> None:
    if isinstance(result, Coroutine):
        result.close()
        raise ConfigurationError(_NOT_ASYNC)


_NOT_ASYNC = (
    "listener must be a plain function, such as def count(event), because nobody awaits it."
)


@overload
def observe(listener: Callable[[Kind], object], kind: type[Kind], /) -> Callable[[], None]: ...


@overload
def observe(
    listener: Callable[[Any], object], kind: type[Any], other: type[Any], /, *kinds: type[Any]
) -> Callable[[], None]: ...


@not_from_requests("your_function")
def observe(listener: Callable[[Any], object], *kinds: type[Any]) -> Callable[[], None]:
    """Call a function with each event of some kinds.

    It is called at once, on the thread and in the context of the request or call, so it must not wait.
    Events about keys, `RevocationsStale` and `RevocationsFresh` come on a thread of their own instead. If it
    raises, that is logged once and changes nothing else.

    Args:
        listener: a plain function that takes the event.
        kinds: one or more classes of `torii_backend.observing`, such as `Refused`.

    Returns:
        A function that ends this.

    Raises:
        ConfigurationError: the listener is async or can't be called, or a kind is unknown or missing.
    """
    if not callable(listener):
        raise ConfigurationError("listener must be a function, such as def count(event).")
    if is_async_function(listener):
        raise ConfigurationError(_NOT_ASYNC)
    if not kinds or not all(isinstance(kind, type) and kind in _SLOT_OF for kind in kinds):
        raise ConfigurationError(
            "kinds must be one or more classes of torii_backend.observing, such as Refused."
        )
    added = _Listener(listener)
    for kind in dict.fromkeys(kinds):
        _change(kind, lambda listeners: (*listeners, added))

    def undo() -> None:
        for kind in kinds:
            _change(kind, lambda listeners: tuple(each for each in listeners if each is not added))

    return undo


def _change(kind: type, changed: Callable[[tuple[_Listener, ...]], tuple[_Listener, ...]]) -> None:
    with _lock:
        listeners = _listeners[kind] = changed(_listeners.get(kind, ()))
        tell: Any = None
        if listeners:
            tell = listeners[0] if len(listeners) == 1 else partial(_tell, listeners)
            if kind in BACKGROUND_KINDS:
                tell = partial(_tell_later, tell)
        setattr(SLOTS, _SLOT_OF[kind], tell)


def tell(event: object) -> None:
    """Report an event that isn't worth a look at its slot first."""
    listener = getattr(SLOTS, _SLOT_OF[type(event)])
    if listener is not None:
        listener(event)


def _tell(listeners: tuple[_Listener, ...], event: object) -> None:
    for listener in listeners:
        listener(event)


def _tell_later(tell: Callable[[object], None], event: object) -> None:
    BACKGROUND.put(partial(tell, event))


def forget_listeners() -> None:
    """End all listeners, for tests."""
    with _lock:
        for kind in list(_listeners):
            _change(kind, lambda _: ())


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603 (a thread of the parent may have held it)
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
