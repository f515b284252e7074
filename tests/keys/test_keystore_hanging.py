"""KeyStore when the issuer accepts the request and does not respond."""

from __future__ import annotations

import asyncio
import threading
from typing import Callable

import pytest

from tests.support.clock import Clock, TickingClock
from tests.support.issuer import SigningKey
from tests.support.jwks_server import JwksServer, arrived, run, settle
from torii_backend import KeysUnavailable
from torii_backend._keys.keystore import KeyStore

WAYS: dict[str, Callable[[KeyStore], object]] = {
    "sync": lambda store: store.key("key-1"),
    "async": lambda store: run(store.key_async("key-1")),
}


@pytest.mark.parametrize("step", [10.0, 4.9])
@pytest.mark.parametrize("use", WAYS.values(), ids=WAYS.keys())
def test_a_fetch_without_response_is_given_up(
    server: JwksServer, step: float, use: Callable[[KeyStore], object]
) -> None:
    """Five seconds of the injected clock pass: all at once, or all but a tenth."""
    store = KeyStore(server.issuer, clock=TickingClock(step))
    with server.held():
        with pytest.raises(KeysUnavailable) as caught:
            use(store)
        assert caught.value.retry_after >= 1


@pytest.mark.waits
def test_a_hanging_refresh_is_replaced_and_its_late_older_response_is_ignored(
    server: JwksServer, clock: Clock, key: SigningKey
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    with server.held():
        clock.advance(299)
        assert store.key("key-1")
        server.wait_for(2)
        rotated = SigningKey("key-2")
        server.publish(rotated)
        clock.advance(5)
        assert store.key("key-1").point == key.point
        server.wait_for(3)
    settle()
    assert store.key("key-2").point == rotated.point
    assert len(server.requests) == 3


@pytest.mark.waits
def test_hanging_fetches_hold_at_most_four_threads(server: JwksServer, clock: Clock) -> None:
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    with server.held():
        for _ in range(50):
            clock.advance(600)
            assert store.key("key-1")
        workers = [thread for thread in threading.enumerate() if thread.name == "torii-keystore"]
        assert 1 <= len(workers) <= 4
        server.wait_for(1 + len(workers))
    settle()
    assert len(server.requests) == 1 + len(workers)
    clock.advance(600)
    store.key("key-1")
    settle()
    assert len(server.requests) == 2 + len(workers)


def test_waiting_tasks_end_when_the_fetch_is_found_overdue(
    server: JwksServer, clock: Clock, key: SigningKey
) -> None:
    store = KeyStore(server.issuer, clock=clock)

    async def uses() -> None:
        with server.held():
            early = asyncio.ensure_future(store.key_async("key-1"))
            await arrived(server, 1)
            clock.advance(5)
            late = asyncio.ensure_future(store.key_async("key-1"))
            with pytest.raises(KeysUnavailable):
                await early
            await arrived(server, 2)
            assert not late.done()
        assert (await late).point == key.point

    run(uses())
