"""Events: which handlers run, in which order, and what happens if one fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import Any, Callable, NoReturn

import freezegun
import msgspec
import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, event
from tests.support.clock import WATCHDOG
from tests.support.jwks_server import run
from torii_backend import (
    ConfigurationError,
    Event,
    Events,
    InboxUnavailable,
    InvalidWebhook,
    MemoryInbox,
)


class Fault(Exception):
    pass


class Log:
    """Handlers that note that they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def handler(self, name: str) -> Callable[[Event], None]:
        def handle(_: Event) -> None:
            self.ran.append(name)

        handle.__qualname__ = name
        return handle

    def failing(self, times: int = 1) -> Callable[[Event], None]:
        faults = [Fault()] * times

        def fail(_: Event) -> None:
            self.ran.append("fail")
            if faults:
                raise faults.pop()

        return fail


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def events() -> Events:
    return Events(SECRET)


@pytest.fixture(params=["sync", "async"])
def dispatch(request: pytest.FixtureRequest, events: Events) -> Callable[[Event], str]:
    if request.param == "sync":
        return events.dispatch

    async def tick(_: Event) -> None: ...

    events.on("*")(tick)  # so that all of it runs on the loop
    return lambda event: run(events.dispatch_async(event))


Dispatch = Callable[[Event], str]


def test_handlers_run_by_type_in_their_order(events: Events, log: Log, dispatch: Dispatch) -> None:
    events.on("user.deleted")(log.handler("exact"))
    events.on("organization.*", "user.*")(log.handler("prefix"))
    events.on("user.created", "users", "user")(log.handler("other"))
    events.on("*")(log.handler("all"))
    assert dispatch(event("user.deleted")) == "ok"
    assert log.ran == ["exact", "prefix", "all"]


def test_a_prefix_has_no_end(events: Events, log: Log) -> None:
    events.on("user.*")(log.handler("a"))
    for kind in ("user.email.changed", "user", "username.x", "User.x"):
        events.dispatch(event(kind, delivery_id=kind))
    assert log.ran == ["a"]


def test_what_has_no_handler(events: Events, log: Log, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "torii_backend.events")
    events.on("user.deleted")(log.handler("a"))
    assert events.dispatch(event("user.created")) == "ok"
    assert events.stats() == {"unhandled": 1, "ok": 1}
    assert "No handler for the event 'user.created'" in caplog.text
    events.otherwise(log.handler("otherwise"))
    events.dispatch(event("user.created"))
    events.dispatch(event("user.deleted", delivery_id="msg_2"))
    assert log.ran == ["otherwise", "a"]


def test_a_decorated_function_stays_as_it_is(events: Events) -> None:
    handler = Log().handler("a")
    assert events.on("a")(handler) is handler
    assert events.otherwise(handler) is handler


@pytest.mark.parametrize(
    "pattern",
    ["", " ", ".", "user.", ".user", "us*", "user.*.x", "**", "*.x", "a b", "a..b", None, len],
)
def test_patterns_that_match_nothing_sensible(events: Events, pattern: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^on must be called with types of events"):
        events.on("user.created", pattern)


def test_mistakes_of_registration(events: Events, log: Log) -> None:
    handler = log.handler("a")
    with pytest.raises(ConfigurationError, match="on must be called with"):
        events.on()
    events.on("user.*")(handler)
    for again in ("user.*", "user.deleted", "*"):
        with pytest.raises(ConfigurationError, match="once for"):
            events.on(again)(handler)
    events.on("organization.*")(handler)
    with pytest.raises(ConfigurationError, match="once for"):
        events.on("a.b", "a.*")(log.handler("b"))
    with pytest.raises(ConfigurationError, match="must be a function"):
        events.on("user.*")(7)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match="data must be a type"):
        events.on("user.*", data=7)(log.handler("c"))
    events.otherwise(handler)
    with pytest.raises(ConfigurationError, match="otherwise must be used once"):
        events.otherwise(log.handler("d"))
    with pytest.raises(TypeError, match="event must be an Event"):
        events.dispatch({"type": "user.deleted"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        *[({"name": ""}, "name"), ({"name": None}, "name"), ({"scheme": 7}, "scheme")],
        *[({"inbox": 7}, "inbox"), ({"inbox": MemoryInbox}, "inbox")],
        *[({"tolerance": 0}, "tolerance"), ({"tolerance": None}, "tolerance")],
        *[({"secret": "x"}, "secret"), ({"secret": []}, "secret"), ({"max_bytes": 0}, "max_bytes")],
    ],
)
def test_settings_are_checked_when_events_are_made(settings: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be .*\.$"):
        Events(**{"secret": SECRET, **settings})


def test_the_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_WEBHOOK_SECRET", f"{OTHER_SECRET},{SECRET}")
    Events()
    monkeypatch.delenv("TORII_WEBHOOK_SECRET")
    with pytest.raises(ConfigurationError, match="TORII_WEBHOOK_SECRET"):
        Events()


def test_a_delivery_is_handled_once(events: Events, log: Log, dispatch: Dispatch) -> None:
    events.on("user.*")(log.handler("a"))
    outcomes = [dispatch(event(delivery_id=name)) for name in ("msg_1", "msg_1", "msg_2")]
    assert outcomes == ["ok", "duplicate", "ok"]
    assert log.ran == ["a", "a"]


def test_events_with_another_name_share_an_inbox(log: Log) -> None:
    inbox = MemoryInbox()
    for name in ("one", "two"):
        events = Events(SECRET, inbox=inbox, name=name)
        events.on("user.*")(log.handler(name))
        assert events.dispatch(event()) == "ok"
    assert log.ran == ["one", "two"]


def test_the_next_attempt_begins_where_a_handler_failed(
    events: Events, log: Log, dispatch: Dispatch
) -> None:
    events.on("user.*")(log.handler("first"))
    events.on("user.*")(log.failing(times=2))
    events.on("user.*")(log.handler("last"))
    for _ in range(2):
        with pytest.raises(Fault):
            dispatch(event())
    assert dispatch(event()) == "ok"
    assert log.ran == ["first", "fail", "fail", "fail", "last"]
    assert events.stats() == {"failed": 2, "ok": 1}


def test_handlers_of_one_name_are_told_apart(events: Events) -> None:
    ran: list[str] = []
    faults = [Fault()]
    events.on("user.*")(lambda _: ran.append("a"))
    events.on("user.*")(lambda _: faults and (_ for _ in ()).throw(faults.pop()))
    events.on("user.*")(partial(ran.append))
    with pytest.raises(Fault):
        events.dispatch(event())
    events.dispatch(event())
    assert ran == ["a", event()]


def test_another_thread_is_busy_with_it(events: Events) -> None:
    inside, go = threading.Event(), threading.Event()

    def handle(_: Event) -> None:
        inside.set()
        assert go.wait(WATCHDOG)

    events.on("user.*")(handle)
    thread = threading.Thread(target=events.dispatch, args=(event(),))
    thread.start()
    assert inside.wait(WATCHDOG)
    assert events.dispatch(event()) == "busy"
    go.set()
    thread.join(WATCHDOG)
    assert events.dispatch(event()) == "duplicate"
    assert events.stats() == {"busy": 1, "ok": 1, "duplicate": 1}


class User(msgspec.Struct):
    id: str


def test_data_is_converted_for_a_handler(events: Events, dispatch: Dispatch) -> None:
    seen: list[User] = []
    events.on("user.*", data=User)(seen.append)
    assert dispatch(event(data={"id": "user_ada"})) == "ok"
    with pytest.raises(InvalidWebhook) as refusal:
        dispatch(event(data={"id": 7}, delivery_id="msg_2"))
    assert (refusal.value.reason, refusal.value.member) == ("invalid_data", "id")
    assert seen == [User("user_ada")]


class Broken(MemoryInbox):
    """An inbox that can't do one thing."""

    def __init__(self, verb: str) -> None:
        super().__init__()
        setattr(self, verb, self._fail)

    def _fail(self, *_: object) -> NoReturn:
        raise OSError("down")


@pytest.mark.parametrize("is_async", [False, True])
def test_without_its_inbox_nothing_runs(is_async: bool, log: Log) -> None:
    events = Events(SECRET, inbox=Broken("claim"))
    events.on("user.*")(log.handler("a"))
    with pytest.raises(InboxUnavailable):
        run(events.dispatch_async(event())) if is_async else events.dispatch(event())
    assert log.ran == []
    assert events.stats() == {"inbox_unavailable": 1}


def test_what_could_not_be_marked_done_is_tried_again(log: Log) -> None:
    events = Events(SECRET, inbox=Broken("done"))
    events.on("user.*")(log.handler("a"))
    with pytest.raises(InboxUnavailable):
        events.dispatch(event())


def test_a_handler_that_failed_is_what_is_raised(log: Log) -> None:
    events = Events(SECRET, inbox=Broken("release"))
    events.on("user.*")(log.failing())
    with pytest.raises(Fault):
        events.dispatch(event())


def test_sync_and_async_handlers_run_in_an_async_application(events: Events) -> None:
    threads: list[tuple[str, int]] = []

    async def waiting(_: Event) -> None:
        threads.append(("async", threading.get_ident()))

    def blocking(_: Event) -> None:
        threads.append(("sync", threading.get_ident()))

    events.on("a", "b")(blocking)
    events.on("b")(waiting)
    assert run(events.dispatch_async(event("a"))) == "ok"
    assert run(events.dispatch_async(event("b", delivery_id="msg_2"))) == "ok"
    assert [name for name, _ in threads] == ["sync", "sync", "async"]
    own = threading.get_ident()
    assert [ident == own for _, ident in threads] == [False, False, True]


def test_sync_and_async_handlers_run_under_trio(events: Events) -> None:
    trio = pytest.importorskip("trio")
    ran: list[str] = []

    async def waiting(_: Event) -> None:
        await trio.sleep(0)
        ran.append("async")

    events.on("user.*")(lambda _: ran.append("sync"))
    events.on("user.*")(waiting)
    assert trio.run(events.dispatch_async, event()) == "ok"
    assert ran == ["sync", "async"]


def test_a_cancelled_delivery_waits_for_its_lease(events: Events) -> None:
    async def wait(_: Event) -> None:
        await asyncio.Event().wait()

    async def cancelled() -> str:
        events.on("user.*")(wait)
        task = asyncio.ensure_future(events.dispatch_async(event()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await events.dispatch_async(event())

    assert run(cancelled()) == "busy"


def test_async_handlers_need_dispatch_async(events: Events) -> None:
    async def waiting(_: Event) -> None: ...

    events.on("user.*")(waiting)
    with pytest.raises(ConfigurationError, match="dispatch_async"):
        events.dispatch(event())
    # A coroutine that nobody awaits would do nothing, in silence.
    events.on("organization.*")(lambda each: waiting(each))  # noqa: PLW0108
    with pytest.raises(ConfigurationError, match="async function"):
        events.dispatch(event("organization.deleted"))


def test_a_slow_handler_is_warned_of(events: Events, caplog: pytest.LogCaptureFixture) -> None:
    with freezegun.freeze_time("2026-01-01") as frozen:
        events.on("slow")(lambda _: frozen.tick(11))
        events.on("fast")(lambda _: frozen.tick(9))
        for kind in ("fast", "slow"):
            events.dispatch(event(kind, delivery_id=kind))
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "took 11 s for the event 'slow'" in warning
    assert "queue" in warning
