"""Receiver: which response a request gets, and what the log says."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any, Callable, NoReturn

import freezegun
import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, sender_of, signed
from tests.support.jwks_server import run
from torii_backend import ConfigurationError, Event, Events, MemoryInbox
from torii_backend.emulator import sign_webhook
from torii_backend.events.receiver import BodyConsumed, ClientDisconnected, Receiver, Response

PAYLOAD = body()
Respond = Callable[..., Response]


@pytest.fixture
def events() -> Events:
    return Events(SECRET, max_bytes=500)


@pytest.fixture
def seen(events: Events) -> list[Event]:
    found: list[Event] = []
    events.on("user.*")(found.append)
    return found


@pytest.fixture(params=["sync", "async"])
def respond(request: pytest.FixtureRequest, events: Events, seen: list[Event]) -> Respond:
    """Return a function that gives the response to a delivery."""
    is_async = request.param == "async"
    receiver = Receiver(events, is_async=is_async)

    def respond(
        payload: bytes = PAYLOAD, method: str = "POST", *, headers: Any = None, read: Any = None
    ) -> Response:
        given = signed(payload) if headers is None else headers
        reader = read or sender_of(payload)
        if is_async:
            return run(receiver.respond_async(method, given, _async(reader)))
        return receiver.respond(method, given, reader)

    return respond


def _async(read: Callable[[int], bytes]) -> Callable[[int], Awaitable[bytes]]:
    async def read_async(limit: int) -> bytes:
        return read(limit)

    return read_async


def must_not_read(_: int) -> NoReturn:
    pytest.fail("the body was read")


def code(response: Response) -> str:
    assert ("Content-Type", "application/json") in response.headers
    return response.body.decode().partition('"code":"')[2].partition('"')[0]


def test_a_delivery_is_handled_once(respond: Respond, seen: list[Event]) -> None:
    first, again = respond(), respond()
    assert first == (200, (("Content-Type", "application/json"),), b'{"status":"ok"}')
    assert (again.status, again.body) == (200, b'{"status":"duplicate"}')
    assert [event.type for event in seen] == ["user.deleted"]
    assert respond(body("unknown"), headers=signed(body("unknown"), delivery_id="2")).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE", "HEAD", "post", ""])
def test_deliveries_are_posted(respond: Respond, method: str) -> None:
    response = respond(method=method, read=must_not_read)
    assert response.status == 405
    assert ("Allow", "POST") in response.headers
    assert bool(response.body) is (method != "HEAD")


@pytest.mark.parametrize("name", ["content-length", "Content-Length", "CONTENT_LENGTH"])
@pytest.mark.parametrize("length", ["501", "9" * 18, "9" * 5000])
def test_a_body_that_says_it_is_large_is_not_read(respond: Respond, name: str, length: str) -> None:
    response = respond(headers={**signed(PAYLOAD), name: length}, read=must_not_read)
    assert (response.status, code(response)) == (413, "too_large")


def test_a_large_body_is_read_up_to_the_limit(respond: Respond) -> None:
    limits: list[int] = []

    def read(limit: int) -> bytes:
        limits.append(limit)
        return b"x" * limit

    response = respond(headers=signed(b""), read=read)
    assert (response.status, code(response), limits) == (413, "too_large", [501])


@pytest.mark.parametrize("length", ["", "-1", "ten", "1.5", "²", None])
def test_a_length_that_is_no_number_counts_as_none(respond: Respond, length: Any) -> None:
    assert respond(headers={**signed(PAYLOAD), "content-length": length}).status == 200


def _raising(error: Exception) -> Callable[[int], bytes]:
    def read(_: int) -> bytes:
        raise error

    return read


def test_a_body_that_was_read_before_is_our_mistake(
    respond: Respond, seen: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    # Some frameworks say so, and others return nothing.
    for read in (_raising(BodyConsumed()), sender_of(b"")):
        length = str(len(PAYLOAD))
        response = respond(headers={**signed(PAYLOAD), "content-length": length}, read=read)
        assert (response.status, code(response)) == (500, "body_consumed")
    (record,) = caplog.records
    assert "before the receiver" in record.getMessage()
    assert seen == []


def test_nothing_runs_if_the_client_goes_away(respond: Respond, seen: list[Event]) -> None:
    headers = {**signed(PAYLOAD), "content-length": str(len(PAYLOAD))}
    for read in (_raising(ClientDisconnected()), sender_of(PAYLOAD[:20])):
        response = respond(headers=headers, read=read)
        assert (response.status, code(response)) == (400, "incomplete_body")
    assert seen == []


def test_refusals_look_the_same_and_the_log_says_why(
    respond: Respond, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    with freezegun.freeze_time("2026-01-01") as frozen:
        forged = sign_webhook(secret=OTHER_SECRET, payload=PAYLOAD)
        refusals = [respond(headers=forged) for _ in range(3)]
        refusals += [respond(headers={}), respond(headers=signed(PAYLOAD, sent_at=0))]
        frozen.tick(61)
        refusals.append(respond(headers=sign_webhook(secret=OTHER_SECRET, payload=PAYLOAD)))
    assert len({*refusals}) == 1
    assert (refusals[0].status, code(refusals[0])) == (400, "invalid_webhook")
    assert [record.getMessage() for record in caplog.records] == [
        "A webhook delivery was refused: bad_signature.",
        "A webhook delivery was refused: missing_header.",
        "A webhook delivery was refused: too_old.",
        "A webhook delivery was refused: bad_signature. 3 of these since the last report.",
    ]
    assert events.stats() == {"bad_signature": 4, "missing_header": 1, "too_old": 1}


def test_a_handler_that_fails(
    respond: Respond, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [ZeroDivisionError("no reason")]
    ran: list[str] = []

    def fail(_: Event) -> None:
        if faults:
            raise faults.pop()
        ran.append("fail")

    events.on("user.*")(fail)
    response = respond()
    assert (response.status, code(response)) == (500, "handler_failed")
    (record,) = caplog.records
    assert record.getMessage() == "A handler failed for the event 'user.deleted' (id 'evt_1')."
    assert record.exc_info
    assert "ZeroDivisionError: no reason" in caplog.text
    assert "user_ada" not in caplog.text
    assert (respond().status, ran) == (200, ["fail"])


def test_data_that_does_not_fit_is_tried_again(respond: Respond, events: Events) -> None:
    events.on("user.*", data=list[int])(print)
    assert code(respond()) == "handler_failed"


def test_while_another_one_handles_it(events: Events, seen: list[Event]) -> None:
    receiver = Receiver(events)
    inner: list[Response] = []

    def handle(_: Event) -> None:
        inner.append(receiver.respond("POST", signed(PAYLOAD), sender_of(PAYLOAD)))

    events.on("user.*")(handle)
    assert receiver.respond("POST", signed(PAYLOAD), sender_of(PAYLOAD)).status == 200
    assert (inner[0].status, code(inner[0])) == (503, "busy")
    assert ("Retry-After", "5") in inner[0].headers


def test_without_its_inbox(caplog: pytest.LogCaptureFixture) -> None:
    def claim(*_: object) -> NoReturn:
        raise OSError("down")

    inbox: Any = MemoryInbox()
    inbox.claim = claim
    events = Events(SECRET, inbox=inbox)
    events.on("user.*")(lambda _: pytest.fail("a handler ran"))
    response = Receiver(events).respond("POST", signed(PAYLOAD), sender_of(PAYLOAD))
    assert (response.status, code(response)) == (503, "inbox_unavailable")
    assert ("Retry-After", "5") in response.headers
    assert [record.getMessage() for record in caplog.records] == ["The inbox is unavailable."]


def test_a_sync_application_refuses_async_handlers(events: Events) -> None:
    async def waiting(_: Event) -> None: ...

    Receiver(events)
    for register in (events.on("user.*"), events.otherwise):
        with pytest.raises(ConfigurationError, match="sync application"):
            register(waiting)
    other = Events(SECRET)
    other.on("user.*")(waiting)
    Receiver(other, is_async=True)
    with pytest.raises(ConfigurationError, match="sync application"):
        Receiver(other)
    with pytest.raises(ConfigurationError, match="events must be an Events"):
        Receiver(SECRET)  # type: ignore[arg-type]


def test_nothing_secret_is_logged(respond: Respond, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = signed(PAYLOAD)
    for given in (headers, {**headers, "webhook-timestamp": "1"}, {}):
        respond(headers=given)
    for secret in (SECRET, SECRET[6:], headers["webhook-signature"][3:], "user_ada"):
        assert secret not in caplog.text
