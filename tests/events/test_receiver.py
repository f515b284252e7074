"""Receiver: which response a request gets."""

from __future__ import annotations

from tests.events.deliveries import SECRET, body, sender_of, signed
from torii_backend import Event, Events
from torii_backend.events.receiver import Receiver


def test_a_delivery_is_handled_once() -> None:
    events, seen = Events(SECRET), list[Event]()
    events.on("user.*")(seen.append)
    receiver, payload = Receiver(events), body()
    first = receiver.respond("POST", signed(payload), sender_of(payload))
    again = receiver.respond("POST", signed(payload), sender_of(payload))
    assert (first.status, first.body) == (200, b'{"status":"ok"}')
    assert (again.status, again.body) == (200, b'{"status":"duplicate"}')
    assert [event.type for event in seen] == ["user.deleted"]
