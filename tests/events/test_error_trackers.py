"""Sentry sends the variables of each function that an error leaves: none of ours shows a secret."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, sender_of, signed
from torii_backend import ConfigurationError, Events, InvalidWebhook, verify_webhook
from torii_backend.emulator import sign_webhook
from torii_backend.events.receiver import Receiver

sentry_sdk: Any = pytest.importorskip("sentry_sdk")
pytest.importorskip("sentry_sdk.scrubber")

PAYLOAD = body()
BROKEN = SECRET.replace("=", "!")


def _headers_and(more: Any) -> list[Any]:
    return [*signed(PAYLOAD).items(), more]


def _fail(_: Any) -> None:
    raise InvalidWebhook("invalid_data")


def _dispatched() -> None:
    events = Events(SECRET)
    events.on("user.*")(_fail)
    event = verify_webhook(secret=SECRET, headers=signed(PAYLOAD), payload=PAYLOAD)
    events.dispatch(event)


# Their arguments are in no variable of these functions.
USES: dict[str, Callable[[], object]] = {
    "bad signature": lambda: verify_webhook(
        secret=OTHER_SECRET, headers=signed(PAYLOAD), payload=PAYLOAD
    ),
    "too old": lambda: verify_webhook(
        secret=SECRET, headers=signed(PAYLOAD), payload=PAYLOAD, clock=lambda: 9e9
    ),
    "no event": lambda: verify_webhook(
        secret=SECRET, headers=signed(b'["user_ada"]'), payload=b'["user_ada"]'
    ),
    "headers": lambda: verify_webhook(
        secret=SECRET,
        headers=_headers_and(7),
        payload=PAYLOAD,
    ),
    "secret": lambda: verify_webhook(secret=BROKEN, headers=signed(PAYLOAD), payload=PAYLOAD),
    "setting": lambda: verify_webhook(
        secret=SECRET, headers=signed(PAYLOAD), payload=PAYLOAD, tolerance=0
    ),
    "events": lambda: Events(BROKEN),
    "setting of events": lambda: Events(SECRET, max_bytes=0),
    "signing": lambda: sign_webhook(secret=BROKEN, payload=PAYLOAD),
    "dispatch": _dispatched,
}


def _sent(use: Callable[[], object]) -> str:
    sent: list[Any] = []
    with sentry_sdk.new_scope() as scope:
        client = sentry_sdk.Client(
            dsn="http://key@127.0.0.1/1",
            before_send=lambda event, _: sent.append(event),
            max_value_length=100_000,
            event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[], pii_denylist=[]),
            default_integrations=False,
            include_source_context=False,
        )
        scope.set_client(client)
        try:
            use()
        except (InvalidWebhook, ConfigurationError, TypeError) as error:
            sentry_sdk.capture_exception(error)
    return json.dumps(sent)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_nothing_secret_reaches_an_error_tracker(use: Callable[[], object]) -> None:
    report = _sent(use)
    assert "exception" in report
    for secret in (SECRET, SECRET[6:-1], OTHER_SECRET, "v1,", "user_ada"):
        assert secret not in report


def test_nothing_secret_is_in_a_log_with_variables() -> None:
    events = Events(SECRET)
    receiver = Receiver(events)
    for thing in (events, receiver, receiver._events._check):
        assert SECRET not in repr(thing)
    assert receiver.respond("POST", {}, sender_of(b"")).status == 400
