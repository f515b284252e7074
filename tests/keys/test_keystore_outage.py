"""KeyStore when the issuer cannot be reached: an outage is never a bad token."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Mapping
from typing import Any, Callable

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, Issuer, SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import InvalidToken, KeysUnavailable
from torii_backend._keys.keystore import KeyStore

DAY = 24 * 3600
LARGE = b'{"keys":[],"padding":"' + b"x" * 600_000 + b'"}'
GOOD = SigningKey("key-1")
PAGE = b"<!doctype html><title>Maintenance</title>"
GZIPPED = (("Content-Encoding", "gzip"),)


def location(address: str) -> tuple[tuple[str, str], ...]:
    return (("Location", address),)


RESPONSES: dict[str, Response] = {
    "503": Response(b'{"error":"down"}', 503),
    "500 with a good body": Response(jwks(GOOD), 500),
    "404": Response(PAGE, 404),
    "403": Response(b"", 403),
    "201": Response(jwks(GOOD), 201),
    "204": Response(b"", 204),
    "304": Response(b"", 304),
    "redirect to itself": Response(b"", 302, location("/_torii/.well-known/jwks.json")),
    "redirect without address": Response(b"", 302),
    "web page": Response(PAGE, 200, (("Content-Type", "text/html"),)),
    "cut JSON": Response(jwks(GOOD)[:-9]),
    "empty body": Response(b""),
    "array": Response(b"[]"),
    "null": Response(b"null"),
    "no keys": Response(b'{"keys":[]}'),
    "no usable key": Response(jwks(GOOD.jwk(use="enc"), {"kty": "oct"})),
    "body too large": Response(LARGE),
    "body too large, of unknown length": Response(raw=[b"HTTP/1.0 200 OK\r\n\r\n", LARGE]),
    "gzip bomb": Response(gzip.compress(b" " * 50_000_000), 200, GZIPPED),
    "broken gzip": Response(jwks(GOOD), 200, GZIPPED),
    "closed without a response": Response(raw=[]),
    "closed within the body": Response(raw=[b"HTTP/1.0 200 OK\r\nContent-Length: 900\r\n\r\n{"]),
    "closed within the head": Response(raw=[b"HTTP/1.0 200 OK\r\nConte"]),
    "not HTTP": Response(raw=[b"SSH-2.0-OpenSSH_9.7\r\n"]),
    "broken chunks": Response(raw=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]),
    "a very long header": Response(jwks(GOOD), 200, (("X-Long", "x" * 100_000),)),
    "too many headers": Response(jwks(GOOD), 200, (("X-Many", "1"),) * 200),
}


def unavailable(store: KeyStore, kid: str = "key-1") -> KeysUnavailable:
    with pytest.raises(KeysUnavailable) as caught:
        store.key(kid)
    assert caught.value.status == 503
    assert caught.value.retry_after >= 1
    assert type(caught.value) is KeysUnavailable
    return caught.value


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES.keys())
def test_an_outage_before_any_key_is_known(
    server: JwksServer, clock: Clock, key: SigningKey, response: Response
) -> None:
    server.respond_with(response)
    store = KeyStore(server.issuer, clock=clock)
    unavailable(store)
    unavailable(store, "forged")
    assert len(server.requests) == 1
    server.publish(key)
    clock.advance(60)
    assert store.key("key-1").point == key.point


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES.keys())
def test_an_outage_while_keys_are_known(
    server: JwksServer, clock: Clock, key: SigningKey, response: Response
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    server.respond_with(response)
    clock.advance(299)
    store.key("key-1")
    settle()
    assert len(server.requests) == 2
    assert store.key("key-1").point == key.point
    # It didn't fail for somebody who waited, so an unknown kid asks again, once.
    unavailable(store, "key-2")
    unavailable(store, "key-2")
    assert len(server.requests) == 3


def test_a_refused_connection(server: JwksServer, clock: Clock, key: SigningKey) -> None:
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    server.stop()
    clock.advance(299)
    store.key("key-1")
    settle()
    assert store.key("key-1").point == key.point
    unavailable(store, "key-2")
    unavailable(KeyStore(server.issuer, clock=clock))


def test_a_redirect_to_another_origin_is_not_followed(server: JwksServer, clock: Clock) -> None:
    other = JwksServer(GOOD)
    try:
        for status in (301, 302, 303, 307, 308):
            address = other.issuer + "/_torii/.well-known/jwks.json"
            server.respond_with(Response(b"", status, location(address)))
            unavailable(KeyStore(server.issuer, clock=clock))
        assert other.requests == []
    finally:
        other.stop()


class Timeout(BaseException):
    """A class that is not an Exception, such as gevent's Timeout."""


def raising(error: BaseException) -> Callable[[str, float], Any]:
    def fetch(url: str, timeout: float) -> Any:
        raise error

    return fetch


ODD_FETCHES: dict[str, Callable[[str, float], Any]] = {
    **{
        type(error).__name__: raising(error)
        for error in (
            OSError(),
            ValueError(),
            TimeoutError(),
            RecursionError(),
            KeyError(),
            Timeout(),
        )
    },
    "returns None": lambda _url, _timeout: None,
    "returns the body alone": lambda _url, _timeout: jwks(GOOD),
    "returns no headers": lambda _url, _timeout: (jwks(GOOD), None),
    "returns no body": lambda _url, _timeout: (None, {}),
}


@pytest.mark.parametrize("fetch", ODD_FETCHES.values(), ids=ODD_FETCHES.keys())
def test_a_custom_fetch_that_fails(clock: Clock, fetch: Any) -> None:
    unavailable(KeyStore(URL, fetch=fetch, clock=clock))


class FlakyFetch(Issuer):
    """A `fetch` that fails while `down`, and records when it was called."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.down = True
        self.called_at: list[float] = []
        self._clock = clock
        self.store = KeyStore(URL, fetch=self.fetch, clock=clock)

    def fetch(self, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.called_at.append(self._clock.monotonic())
        if self.down:
            raise OSError
        return super().fetch(url, timeout)

    def try_until(self, seconds: float) -> None:
        """Ask for a key twice a second."""
        for _ in range(int(seconds * 2)):
            self._clock.advance(0.5)
            unavailable(self.store)
        settle()


def test_the_backoff_grows_and_counts_from_the_last_attempt(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    unavailable(flaky.store)
    flaky.try_until(4 * 3600)
    pauses = [later - sooner for sooner, later in zip(flaky.called_at, flaky.called_at[1:])]
    assert len(pauses) > 400
    for pause, base in zip(pauses, [1, 5, *[20] * len(pauses)]):
        assert base <= pause <= 1.5 * base + 0.5


def test_with_known_keys_the_backoff_grows_to_five_minutes(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    flaky.down = False
    flaky.store.key("key-1")
    flaky.down = True
    clock.advance(240)
    flaky.called_at.clear()
    for _ in range(2 * 3600):
        flaky.store.key("key-1")
        settle()
        clock.advance(0.5)
    pauses = [later - sooner for sooner, later in zip(flaky.called_at, flaky.called_at[1:])]
    assert len(pauses) > 10
    for pause, base in zip(pauses, [1, 5, 25, 125, *[300] * len(pauses)]):
        assert base <= pause <= 1.5 * base + 0.5


def test_a_cold_start_in_an_outage_ends_within_half_a_minute_after_it(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    for _ in range(200):
        clock.advance(unavailable(flaky.store).retry_after)
    flaky.down = False
    clock.advance(30)
    assert flaky.store.key("key-1")


def test_the_backoff_has_jitter(clock: Clock) -> None:
    """A thousand processes must not retry at the same moment after an outage."""

    def comes_back_soon() -> bool:
        flaky = FlakyFetch(clock)
        unavailable(flaky.store)
        clock.advance(1.25)
        unavailable(flaky.store)
        return len(flaky.called_at) == 2

    assert {comes_back_soon() for _ in range(50)} == {True, False}


def test_retry_after_is_when_the_next_attempt_may_start(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    assert 1 <= unavailable(flaky.store).retry_after <= 2
    clock.advance(2)
    retry_after = unavailable(flaky.store).retry_after
    assert 5 <= retry_after <= 8
    clock.advance(retry_after - 1)
    assert unavailable(flaky.store).retry_after == 1
    assert len(flaky.called_at) == 2
    clock.advance(1)
    flaky.down = False
    assert flaky.store.key("key-1")


def test_after_an_outage_the_backoff_starts_again(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    unavailable(flaky.store)
    flaky.down = False
    clock.advance(1.5)
    flaky.store.key("key-1")
    with pytest.raises(InvalidToken):
        flaky.store.key("forged")
    flaky.down = True
    clock.advance(299)
    flaky.store.key("key-1")
    settle()
    assert 1 <= unavailable(flaky.store, "forged").retry_after <= 2


def test_known_keys_are_usable_for_a_day_without_a_good_fetch(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    flaky.down = False
    flaky.store.key("key-1")
    flaky.down = True
    for _ in range(23):
        clock.advance(3600)
        assert flaky.store.key("key-1")
        settle()
    clock.advance(3600 - 0.001)
    assert flaky.store.key("key-1")
    settle()
    clock.advance(0.001)
    unavailable(flaky.store)
    clock.advance(DAY)
    unavailable(flaky.store)
    flaky.down = False
    clock.advance(451)
    assert flaky.store.key("key-1")


def test_keys_older_than_a_day_are_fetched_before_use(clock: Clock) -> None:
    flaky = FlakyFetch(clock)
    flaky.down = False
    flaky.store.key("key-1")
    old, flaky.key = flaky.key, SigningKey("key-1")
    clock.advance(DAY)
    assert flaky.store.key("key-1").point == flaky.key.point != old.point


def test_an_outage_is_logged_at_its_start_and_its_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend")
    flaky = FlakyFetch(clock)
    unavailable(flaky.store)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    flaky.try_until(1000)
    assert len(flaky.called_at) > 3
    assert len(caplog.records) == 1
    flaky.down = False
    clock.advance(451)
    flaky.store.key("key-1")
    clock.advance(1_000)
    flaky.store.key("key-1")
    settle()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    started, ended = (record.getMessage() for record in caplog.records)
    assert URL in started and "OSError" in started
    assert URL in ended and "again" in ended


def test_forged_tokens_log_nothing(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend")
    flaky = FlakyFetch(clock)
    flaky.down = False
    for i in range(20):
        with pytest.raises(InvalidToken):
            flaky.store.key(f"forged-{i}")
    assert caplog.records == []


def test_a_log_handler_may_ask_for_the_keys(clock: Clock) -> None:
    flaky = FlakyFetch(clock)

    class Asking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            flaky.store.prefetch()
            asked.append(record)

    asked: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("torii_backend.keystore"), Asking()
    logger.addHandler(handler)
    # A thread that nobody has to wait for, as a handler that is called under the lock would hang.
    thread = threading.Thread(target=unavailable, args=(flaky.store,), daemon=True)
    try:
        thread.start()
        thread.join(WATCHDOG)
    finally:
        logger.removeHandler(handler)
    assert not thread.is_alive()
    assert len(asked) == 1
