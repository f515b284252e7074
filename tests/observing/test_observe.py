"""`observe`: who hears of what, and that no listener gets in the way."""

from __future__ import annotations

import functools
import logging
import os
import threading
from typing import Any, Callable

import pytest

from tests.support.clock import WATCHDOG
from tests.support.observed import Heard, observed
from torii_backend import ConfigurationError
from torii_backend.observing import (
    KeysFetched,
    KeysStale,
    Refused,
    RevocationsFresh,
    Revoked,
    WebhookRefused,
    observe,
)
from torii_backend.observing.background import MAX_WAITING
from torii_backend.observing.slots import SLOTS, tell

REFUSED = Refused("expired", 401, "flask", "GET")
REVOKED = Revoked("user", refresh=False)
STALE = KeysStale("https://acme.torii.so", 86_400.0)


def test_a_listener_hears_of_its_kinds_in_order_and_of_no_other() -> None:
    with observed(Refused, Revoked) as heard:
        for event in (REFUSED, WebhookRefused("too_old"), REVOKED, REFUSED):
            tell(event)
    assert heard.events == [REFUSED, REVOKED, REFUSED]


def test_all_listeners_hear_an_event_in_the_order_of_their_registration() -> None:
    said: list[str] = []

    def saying(name: str) -> Callable[[Refused], None]:
        return lambda _: said.append(name)

    undos = [observe(saying(name), Refused) for name in "abc"]
    tell(REFUSED)
    undos[1]()
    tell(REFUSED)
    undos[0]()
    undos[2]()
    assert said == ["a", "b", "c", "a", "c"]


def test_undo_twice_is_undo_and_leaves_others_alone() -> None:
    listener = Heard()
    first, second = observe(listener, Refused), observe(listener, Refused)
    first()
    first()
    tell(REFUSED)
    second()
    tell(REFUSED)
    assert listener.events == [REFUSED]


def test_nobody_observes_means_an_empty_slot() -> None:
    undo = observe(Heard(), Refused, KeysStale)
    assert all(map(callable, _slots()))
    undo()
    assert _slots() == [None, None]


def _slots() -> list[Any]:
    return [SLOTS.refused, SLOTS.keys_stale]


def test_a_listener_that_raises_is_logged_once_and_the_others_hear_the_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Refused) -> None:
        raise RuntimeError("no disk left")

    undo = observe(fail, Refused)
    with observed(Refused) as heard, caplog.at_level(logging.DEBUG, "torii_backend.observing"):
        tell(REFUSED)
        tell(REFUSED)
    undo()
    assert heard.events == [REFUSED] * 2
    assert caplog.messages == [
        "A listener of Refused raised an error. Further errors of it are not logged."
    ]
    assert "no disk left" in caplog.text


async def _async(_: Refused) -> None:
    """An async function."""


class _Callable:
    async def __call__(self, event: Refused) -> None:
        """An async function as well."""


@pytest.mark.parametrize("listener", [_async, functools.partial(_async), _Callable()], ids=type)
def test_an_async_listener_is_refused(listener: Any) -> None:
    with pytest.raises(ConfigurationError, match="listener must be a plain function"):
        observe(listener, Refused)


def test_a_function_that_returns_a_coroutine_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    undo = observe(lambda event: _async(event), Refused)  # noqa: PLW0108 (it hides the function)
    tell(REFUSED)
    undo()
    assert "listener must be a plain function" in caplog.text


@pytest.mark.parametrize(
    ("listener", "kinds", "problem"),
    [
        (None, (Refused,), "listener must be a function"),
        (print, (), "kinds must be one or more"),
        (print, (Refused, "Revoked"), "kinds must be one or more"),
        (print, (dict,), "kinds must be one or more"),
        (print, ([],), "kinds must be one or more"),
    ],
)
def test_what_is_no_listener_or_no_kind(listener: Any, kinds: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{problem}.*, such as .*"):
        observe(listener, *kinds)
    assert SLOTS.refused is None


def test_a_request_is_reported_on_its_own_thread_and_keys_on_another() -> None:
    threads: dict[str, str] = {}
    is_over = threading.Event()

    def listen(event: object) -> None:
        threads[type(event).__name__] = threading.current_thread().name
        if isinstance(event, KeysStale):
            is_over.set()

    undo = observe(listen, Refused, KeysStale)
    tell(REFUSED)
    tell(STALE)
    assert is_over.wait(WATCHDOG)
    undo()
    own = threading.current_thread().name
    assert threads == {"Refused": own, "KeysStale": "torii-observing"}


def test_a_listener_that_blocks_holds_up_nobody_and_fills_no_memory() -> None:
    """Events beyond a thousand are dropped; the rest comes in order once it lets go."""
    begun, release = threading.Event(), threading.Event()
    heard: list[float] = []
    is_last = threading.Event()

    def block(event: RevocationsFresh) -> None:
        begun.set()
        assert release.wait(WATCHDOG)
        heard.append(event.stale_for)
        if event.stale_for == MAX_WAITING:
            is_last.set()

    undo = observe(block, RevocationsFresh)
    tell(RevocationsFresh(0.0))
    assert begun.wait(WATCHDOG)
    for number in range(1, MAX_WAITING + 100):
        tell(RevocationsFresh(float(number)))
    release.set()
    assert is_last.wait(WATCHDOG)
    undo()
    assert heard == [float(number) for number in range(MAX_WAITING + 1)]


def test_a_listener_that_exits_ends_nothing() -> None:
    def leave(_: object) -> None:
        raise SystemExit(3)

    undo = observe(leave, KeysFetched)
    with observed(KeysFetched) as heard:
        for number in range(3):
            tell(KeysFetched("https://acme.torii.so", 0.1, number, changed=False))
        # The listener before it left the calls of each event.
        undo()
        tell(KeysFetched("https://acme.torii.so", 0.1, 9, changed=False))
        assert heard.wait()[-1].keys == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_hears_of_its_own_events() -> None:
    """Even if the thread of the parent was in the middle of a call."""
    begun, release = threading.Event(), threading.Event()

    def block(_: object) -> None:
        begun.set()
        assert release.wait(WATCHDOG)

    undo = observe(block, KeysStale)
    tell(STALE)
    assert begun.wait(WATCHDOG)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with observed(KeysFetched) as heard:
                tell(KeysFetched("https://acme.torii.so", 0.1, 1, changed=True))
                code = 0 if heard.wait() else 1
        finally:
            os._exit(code)
    release.set()
    undo()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
