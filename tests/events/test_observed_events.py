"""What listeners hear of webhook deliveries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, event, sender_of, signed
from tests.support.jwks_server import run
from tests.support.observed import observed
from torii_backend import Event, Events, InboxUnavailable, MemoryInbox
from torii_backend.events.receiver import Receiver
from torii_backend.observing import EventHandled, WebhookRefused


def _fail(_: Event) -> None:
    raise RuntimeError("no")


async def _await(_: Event) -> None:
    """Handle an event."""


def _told(heard: Any) -> list[tuple[str, str]]:
    assert all(told.seconds >= 0 for told in heard.events)
    return [(told.type, told.outcome) for told in heard.events]


def test_each_dispatch_is_told_once_with_its_outcome() -> None:
    events = Events(SECRET)
    events.on("user.deleted")(lambda _: None)
    events.on("user.banned")(_fail)
    with observed(EventHandled) as heard:
        events.dispatch(event())
        events.dispatch(event())
        events.dispatch(event("session.revoked", delivery_id="msg_2"))
        with pytest.raises(RuntimeError):
            events.dispatch(event("user.banned", delivery_id="msg_3"))
    assert _told(heard) == [
        ("user.deleted", "ok"),
        ("user.deleted", "duplicate"),
        ("session.revoked", "unhandled"),
        ("user.banned", "failed"),
    ]


@pytest.mark.parametrize("handler", [_await, lambda _: None], ids=["async", "sync"])
def test_an_async_dispatch_is_told_once(handler: Any) -> None:
    events = Events(SECRET)
    events.on("user.deleted")(handler)
    with observed(EventHandled) as heard:
        run(events.dispatch_async(event()))
    assert _told(heard) == [("user.deleted", "ok")]


class _DownInbox(MemoryInbox):
    def claim(self, *_: Any) -> Any:
        raise OSError


def test_an_inbox_that_is_down() -> None:
    events = Events(SECRET, inbox=_DownInbox())
    events.on("user.deleted")(_fail)
    with observed(EventHandled) as heard, pytest.raises(InboxUnavailable):
        events.dispatch(event())
    assert _told(heard) == [("user.deleted", "inbox_unavailable")]


def test_a_refused_delivery_is_told_with_its_reason() -> None:
    payload = body()
    receiver = Receiver(Events(SECRET, max_bytes=500))
    with observed(WebhookRefused, EventHandled) as heard:
        receiver.respond("POST", {}, sender_of(payload))
        receiver.respond("POST", signed(payload), sender_of(payload + b" "))
        receiver.respond("POST", {"content-length": "501"}, sender_of(payload))
    assert heard.events == [
        WebhookRefused("missing_header"),
        WebhookRefused("bad_signature"),
        WebhookRefused("too_large"),
    ]
    assert OTHER_SECRET not in repr(heard.events)
