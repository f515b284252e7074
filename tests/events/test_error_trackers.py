"""Sentry sends the variables of each function that an error leaves: none of ours shows a secret."""

from __future__ import annotations

import json
from typing import Any, Callable, NoReturn

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, sender_of, signed
from tests.support.jwks_server import run
from tests.support.sentry import event_of
from torii_backend import ConfigurationError, Events, InvalidWebhook, verify_webhook
from torii_backend.emulator import sign_webhook
from torii_backend.events.receiver import Receiver, Response

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
    with pytest.raises((InvalidWebhook, ConfigurationError, TypeError)) as caught:
        use()
    return json.dumps(event_of(caught.value))


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_nothing_secret_reaches_an_error_tracker(use: Callable[[], object]) -> None:
    report = _sent(use)
    assert "exception" in report
    for secret in (SECRET, SECRET[6:-1], OTHER_SECRET, "v1,", "user_ada"):
        assert secret not in report


def _failing(_: Any) -> None:
    raise ZeroDivisionError


def _no_scheme(*_: Any) -> Any:
    raise ConfigurationError("no scheme")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_nothing_secret_is_in_the_traceback_that_a_receiver_logs(
    caplog: pytest.LogCaptureFixture, *, is_async: bool
) -> None:
    events = Events(SECRET)
    events.on("user.*")(_failing)
    response = _respond(events, is_async=is_async)
    assert response.status == 500
    (record,) = caplog.records
    report = _sent(lambda: _raise(record.exc_info))
    assert "_failing" in report
    assert "user_ada" not in report


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_nothing_secret_is_in_the_error_of_a_scheme(*, is_async: bool) -> None:
    report = _sent(lambda: _respond(Events(SECRET, scheme=_no_scheme), is_async=is_async))
    assert "no scheme" in report
    for secret in (SECRET, "user_ada", "v1,"):
        assert secret not in report


def _respond(events: Events, *, is_async: bool) -> Response:
    receiver = Receiver(events, is_async=is_async)
    if not is_async:
        return receiver.respond("POST", signed(PAYLOAD), sender_of(PAYLOAD))
    return run(receiver.respond_async("POST", signed(PAYLOAD), _read))


async def _read(_: int) -> bytes:
    return PAYLOAD


def _raise(info: Any) -> NoReturn:
    raise InvalidWebhook("invalid_data") from info[1]


def test_no_repr_shows_a_secret() -> None:
    events = Events(SECRET)
    for thing in (events, Receiver(events), events._check):
        assert SECRET not in repr(thing)
