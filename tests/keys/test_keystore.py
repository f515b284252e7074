"""KeyStore: how often keys are fetched, and who waits for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, Issuer, SigningKey
from tests.support.jwks_server import JwksServer, settle
from torii_backend import InvalidToken, KeysUnavailable
from torii_backend._keys.keystore import KeyStore


@pytest.fixture
def store(server: JwksServer, clock: Clock) -> KeyStore:
    return KeyStore(server.issuer, clock=clock)


def refused(store: KeyStore, kid: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        store.key(kid)
    return caught.value.reason


def test_a_new_store_fetches_nothing(server: JwksServer, store: KeyStore) -> None:
    assert store is not None
    settle()
    assert server.requests == []


def test_only_the_first_use_fetches(
    server: JwksServer, store: KeyStore, key: SigningKey, clock: Clock
) -> None:
    assert store.key("key-1").point == key.point
    assert [request.path for request in server.requests] == ["/_torii/.well-known/jwks.json"]
    for _ in range(200):
        clock.advance(1)
        assert store.key("key-1").point == key.point
    settle()
    assert len(server.requests) == 1


def test_64_cold_threads_share_one_fetch(
    server: JwksServer, store: KeyStore, key: SigningKey
) -> None:
    entered = threading.Semaphore(0)

    def use() -> bool:
        entered.release()
        return store.key("key-1").point == key.point

    with ThreadPoolExecutor(64) as pool:
        with server.held():
            uses = [pool.submit(use) for _ in range(64)]
            for _ in uses:
                assert entered.acquire(timeout=WATCHDOG)
            server.wait_for(1)
        assert all(use.result(WATCHDOG) for use in uses)
    settle()
    assert len(server.requests) == 1


def test_a_known_key_does_not_wait_for_a_fetch(
    server: JwksServer, store: KeyStore, key: SigningKey
) -> None:
    store.key("key-1")
    with ThreadPoolExecutor(1) as pool:
        with server.held():
            waiting = pool.submit(refused, store, "forged")
            server.wait_for(2)
            assert store.key("key-1").point == key.point
            assert not waiting.done()
        assert waiting.result(WATCHDOG) == "unknown_key"


def test_a_rotated_key_is_accepted_at_its_first_use(server: JwksServer, store: KeyStore) -> None:
    store.key("key-1")
    rotated = SigningKey("key-2")
    server.publish(rotated)
    assert store.key("key-2").point == rotated.point
    assert len(server.requests) == 2


def test_a_withdrawn_key_is_refused_after_the_next_good_fetch(
    server: JwksServer, store: KeyStore
) -> None:
    store.key("key-1")
    rotated = SigningKey("key-2")
    server.publish(rotated)
    assert store.key("key-1")
    store.key("key-2")
    assert refused(store, "key-1") == "unknown_key"
    assert store.key("key-2").point == rotated.point


def test_another_key_under_a_known_kid_replaces_it(
    server: JwksServer, store: KeyStore, clock: Clock
) -> None:
    store.key("key-1")
    replaced = SigningKey("key-1")
    server.publish(replaced)
    clock.advance(299)
    store.key("key-1")
    settle()
    assert store.key("key-1").point == replaced.point


def test_a_forged_kid_costs_one_fetch(server: JwksServer, store: KeyStore) -> None:
    assert refused(store, "forged") == "unknown_key"
    assert len(server.requests) == 1
    assert refused(store, "forged") == "unknown_key"
    assert len(server.requests) == 2


def test_the_bucket_for_unknown_kids_refills_over_time(
    server: JwksServer, store: KeyStore, clock: Clock
) -> None:
    def fetches_of_a_flood() -> int:
        before = len(server.requests)
        for i in range(50):
            refused(store, f"forged-{i}")
        return len(server.requests) - before

    store.key("key-1")
    clock.advance(100)
    spent = fetches_of_a_flood()
    assert spent == 4
    assert fetches_of_a_flood() == 0
    clock.advance(4.9)
    assert fetches_of_a_flood() == 0
    clock.advance(0.1)
    assert fetches_of_a_flood() == 1
    clock.advance(200)
    assert fetches_of_a_flood() == spent


@pytest.mark.parametrize("pause", [0.01, 0.5, 3.0, 4.9, 5.1, 7.0])
def test_a_rotated_key_is_accepted_within_five_seconds_under_any_flood(
    server: JwksServer, store: KeyStore, clock: Clock, pause: float
) -> None:
    """It is never called unknown by a key set that is older than that."""

    def forge_for(seconds: float) -> None:
        for number in range(int(seconds / pause) + 1):
            refused(store, f"forged-{number}")
            clock.advance(pause)

    store.key("key-1")
    forge_for(20)
    server.publish(SigningKey("key-1"), SigningKey("key-2"))
    rotated_at = clock.monotonic()
    forge_for(max(5 - pause, 0))
    clock.advance(max(0, rotated_at + 5 - clock.monotonic()))
    assert store.key("key-2")


def test_a_fetch_that_is_lost_makes_no_token_invalid(clock: Clock) -> None:
    """Nor does it delay the next one."""
    issuer, fetching = Issuer(), True

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        if not fetching:
            clock.advance(1000)
            raise OSError
        return issuer.fetch(url, timeout)

    store = KeyStore(URL, fetch=fetch, clock=clock)
    store.key("key-1")
    fetching = False
    clock.advance(10)
    for _ in range(10):
        with pytest.raises(KeysUnavailable) as caught:
            store.key("key-2")
        assert caught.value.retry_after == 1
    assert store.failures == 0


def test_a_flood_of_forged_kids_takes_at_most_724_fetches_an_hour(
    server: JwksServer, store: KeyStore, clock: Clock
) -> None:
    store.key("key-1")
    for second in range(600):
        clock.advance(1)
        refused(store, f"forged-{second}")
    settle()
    assert len(server.requests) <= 4 + 600 / 5


def test_without_a_free_thread_the_keys_are_unavailable(
    server: JwksServer, store: KeyStore, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """A process at its thread limit, or one that is exiting, must not hang."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(KeysUnavailable):
            store.key("key-1")
    clock.advance(60)
    assert store.key("key-1")
    assert len(server.requests) == 1
