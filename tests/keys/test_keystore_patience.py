"""KeyStore: who waits for a fetch that takes long, so that forged kids can't take all threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Callable

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import SigningKey
from tests.support.jwks_server import JwksServer, arrived, run
from torii_backend import InvalidToken, KeysUnavailable
from torii_backend._keys.keystore import KeyStore

pytestmark = pytest.mark.waits


@pytest.fixture
def store(server: JwksServer, clock: Clock) -> KeyStore:
    """A store that knows its keys."""
    store = KeyStore(server.issuer, fetch_timeout=60, clock=clock)
    store.key("key-1")
    return store


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def outcome(use: Callable[[], object]) -> object:
    try:
        return use()
    except (InvalidToken, KeysUnavailable) as error:
        return error.reason, getattr(error, "retry_after", None)


def test_everybody_waits_for_the_first_second(
    server: JwksServer, store: KeyStore, threads: ThreadPoolExecutor
) -> None:
    """A rotation stays invisible."""
    rotated = SigningKey("key-2")
    server.publish(rotated)
    with server.held():
        uses = [threads.submit(store.key, "key-2") for _ in range(8)]
        server.wait_for(2)
        # They are given a second each, and this is at once.
    assert {use.result(WATCHDOG).point for use in uses} == {rotated.point}


def test_after_a_second_two_requests_wait_on(
    server: JwksServer, store: KeyStore, threads: ThreadPoolExecutor, clock: Clock
) -> None:
    with server.held():
        uses = [threads.submit(outcome, lambda: store.key("forged")) for _ in range(8)]
        while sum(use.done() for use in uses) < 6:
            wait([use for use in uses if not use.done()], 0.1)
        waiting = [use for use in uses if not use.done()]
        assert len(waiting) == 2
        assert {use.result() for use in uses if use.done()} == {("keys_unavailable", 1)}
        # Nor do those wait who come later, and known keys never do.
        clock.advance(1)
        assert outcome(lambda: store.key("forged")) == ("keys_unavailable", 1)
        assert store.key("key-1")
    assert {use.result(WATCHDOG) for use in waiting} == {("unknown_key", None)}
    assert outcome(lambda: store.key("forged")) == ("unknown_key", None)


def test_after_a_second_two_tasks_wait_on(
    server: JwksServer, store: KeyStore, clock: Clock
) -> None:
    async def uses() -> None:
        with server.held():
            early = asyncio.ensure_future(store.key_async("forged"))
            await arrived(server, 2)
            clock.advance(1)
            tasks = [asyncio.ensure_future(store.key_async("forged")) for _ in range(20)]
            done, _ = await asyncio.wait([early, *tasks], timeout=3)
            assert len(done) == 19
            assert {type(task.exception()) for task in done} == {KeysUnavailable}
            waiting = [task for task in (early, *tasks) if not task.done()]
            # One that is cancelled makes room for another.
            waiting[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting[0]
            waiting[0] = asyncio.ensure_future(store.key_async("forged"))
        for task in waiting:
            with pytest.raises(InvalidToken):
                await task

    run(uses())


def test_a_cold_issuer_that_hangs_takes_no_threads_from_users_of_another(
    server: JwksServer, store: KeyStore, threads: ThreadPoolExecutor, clock: Clock
) -> None:
    cold = KeyStore(server.issuer, fetch_timeout=60, clock=clock)
    with server.held():
        uses = [threads.submit(outcome, lambda: cold.key("forged")) for _ in range(8)]
        while sum(use.done() for use in uses) < 6:
            wait([use for use in uses if not use.done()], 0.1)
        assert store.key("key-1")
        assert {use.result() for use in uses if use.done()} == {("keys_unavailable", 1)}
        assert len([use for use in uses if not use.done()]) == 2


def test_the_two_are_of_the_whole_process(
    server: JwksServer, store: KeyStore, clock: Clock, threads: ThreadPoolExecutor
) -> None:
    other = KeyStore(server.issuer, fetch_timeout=60, clock=clock)
    other.key("key-1")
    with server.held():
        early = [threads.submit(outcome, lambda: other.key("forged"))]
        server.wait_for(3)
        clock.advance(1)
        early.append(threads.submit(outcome, lambda: other.key("forged")))
        assert not wait(early, 1.5).done
        waiting = threads.submit(outcome, lambda: store.key("forged"))
        assert waiting.result(WATCHDOG) == ("keys_unavailable", 1)
    assert {use.result(WATCHDOG) for use in early} == {("unknown_key", None)}


def test_a_cold_start_waits_as_long_as_it_takes(
    server: JwksServer, clock: Clock, key: SigningKey, threads: ThreadPoolExecutor
) -> None:
    store = KeyStore(server.issuer, fetch_timeout=60, clock=clock)
    with server.held():
        uses = [threads.submit(store.key, "key-1") for _ in range(8)]
        server.wait_for(1)
        clock.advance(4)
        uses.append(threads.submit(store.key, "key-1"))
        assert not wait(uses, 1.5).done
    assert {use.result(WATCHDOG).point for use in uses} == {key.point}
