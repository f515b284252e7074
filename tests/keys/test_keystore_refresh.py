"""KeyStore: a key set is refreshed in the background before it expires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.jwks_server import JwksServer, settle
from torii_backend import InvalidToken
from torii_backend._keys.keystore import KeyStore


class CountedFetch:
    """A `fetch` that returns one key with some headers, and counts its calls."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.count = 0
        self._headers = headers
        self._body = jwks(SigningKey())

    def __call__(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.count += 1
        return self._body, self._headers


def test_a_due_refresh_runs_in_the_background(
    server: JwksServer, key: SigningKey, clock: Clock
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    rotated = SigningKey("key-2")
    server.publish(key, rotated)
    clock.advance(299)
    with server.held():
        for _ in range(20):
            assert store.key("key-1").point == key.point
        server.wait_for(2)
        assert store.key("key-1").point == key.point
    settle()
    assert len(server.requests) == 2
    assert store.key("key-2").point == rotated.point
    settle()
    assert len(server.requests) == 2


def test_without_uses_nothing_is_fetched(clock: Clock) -> None:
    fetch = CountedFetch({})
    store = KeyStore(URL, fetch=fetch, clock=clock)
    store.key("key-1")
    clock.advance(3_000)
    settle()
    assert fetch.count == 1
    store.key("key-1")
    settle()
    assert fetch.count == 2


LIFETIMES: list[tuple[Optional[str], float]] = [
    (None, 300),
    ("", 300),
    ("public", 300),
    ("max-age=600", 600),
    ("public, max-age=600, must-revalidate", 600),
    ("Public,MAX-AGE=600", 600),
    ('max-age="600"', 600),
    ("max-age = 600", 600),
    ("max-age=60", 60),
    ("max-age=61", 61),
    ("max-age=59", 60),
    ("max-age=0", 60),
    ("max-age=3599", 3599),
    ("max-age=3600", 3600),
    ("max-age=3601", 3600),
    ("max-age=999999999", 3600),
    ("max-age=" + "9" * 5_000, 3600),
    ("max-age=-1", 300),
    ("max-age=soon", 300),
    ("max-age", 300),
    ("s-maxage=10", 300),
    ("x-max-age=10", 300),
    ("no-store", 60),
    ("no-cache", 60),
    ("No-Store", 60),
    ("private, no-store", 60),
    ("max-age=600, no-store", 60),
    ("no-store,max-age=600", 60),
    ('no-cache="Set-Cookie", max-age=600', 60),
    ("x-no-store", 300),
    ("no-storeroom", 300),
]


@pytest.mark.parametrize(("cache_control", "lifetime"), LIFETIMES)
@pytest.mark.parametrize("name", ["Cache-Control", "cache-control"])
def test_the_lifetime_of_a_key_set(
    clock: Clock, name: str, cache_control: Optional[str], lifetime: float
) -> None:
    fetch = CountedFetch({} if cache_control is None else {"Date": "now", name: cache_control})
    store = KeyStore(URL, fetch=fetch, clock=clock)
    store.key("key-1")
    clock.advance(0.75 * lifetime)
    store.key("key-1")
    settle()
    assert fetch.count == 1
    clock.advance(0.25 * lifetime - 0.001)
    store.key("key-1")
    settle()
    assert fetch.count == 2


def test_the_lifetime_comes_from_the_response_headers(
    server: JwksServer, key: SigningKey, clock: Clock
) -> None:
    server.publish(key, headers=(("Cache-Control", "public"), ("cache-control", "max-age=3600")))
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    clock.advance(2_500)
    store.key("key-1")
    settle()
    assert len(server.requests) == 1
    clock.advance(1_000)
    store.key("key-1")
    settle()
    assert len(server.requests) == 2


def test_with_max_stale_0_expired_keys_wait_for_the_refresh(
    server: JwksServer, clock: Clock
) -> None:
    store = KeyStore(server.issuer, max_stale=0, clock=clock)
    store.key("key-1")
    clock.advance(200)
    assert store.key("key-1")
    assert len(server.requests) == 1
    server.publish(SigningKey("key-2"))
    clock.advance(101)
    with pytest.raises(InvalidToken) as caught:
        store.key("key-1")
    assert caught.value.reason == "unknown_key"


def test_with_max_stale_0_keys_are_usable_for_their_lifetime(
    server: JwksServer, clock: Clock, key: SigningKey
) -> None:
    store = KeyStore(server.issuer, max_stale=0, clock=clock)
    store.key("key-1")
    server.publish(SigningKey("key-2"))
    clock.advance(299)
    assert store.key("key-1").point == key.point
    settle()
    assert len(server.requests) == 2


def test_reading_starts_no_fetch(clock: Clock) -> None:
    fetch = CountedFetch({})
    store = KeyStore(URL, fetch=fetch, clock=clock)
    store.refresh_if_due(clock.monotonic())
    assert store.usable(clock.monotonic()) is None
    store.key("key-1")
    clock.advance(299)
    assert store.usable(clock.monotonic()) is not None
    assert store.known_key("key-2", clock.monotonic()) is None
    settle()
    assert fetch.count == 1
    store.refresh_if_due(clock.monotonic())
    settle()
    assert fetch.count == 2
