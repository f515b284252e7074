"""KeyStore in asyncio: tasks wait, the event loop does not."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, SigningKey
from tests.support.jwks_server import JwksServer, arrived, run, settle
from torii_backend import KeysUnavailable
from torii_backend._keys.keystore import KeyStore


@pytest.fixture
def store(server: JwksServer, clock: Clock) -> KeyStore:
    return KeyStore(server.issuer, clock=clock)


def test_only_the_first_use_fetches(server: JwksServer, store: KeyStore, key: SigningKey) -> None:
    async def uses() -> None:
        for _ in range(10):
            assert (await store.key_async("key-1")).point == key.point

    run(uses())
    run(uses())
    assert len(server.requests) == 1


def test_64_cold_tasks_share_one_fetch(
    server: JwksServer, store: KeyStore, key: SigningKey
) -> None:
    async def uses() -> None:
        with server.held():
            tasks = [asyncio.ensure_future(store.key_async("key-1")) for _ in range(64)]
            await arrived(server, 1)
            assert not any(task.done() for task in tasks)
        assert {(await task).point for task in tasks} == {key.point}

    run(uses())
    assert len(server.requests) == 1


def test_a_thread_and_a_task_share_one_fetch(server: JwksServer, store: KeyStore) -> None:
    async def uses() -> None:
        with server.held():
            task = asyncio.ensure_future(store.key_async("key-1"))
            await arrived(server, 1)
            use = asyncio.get_running_loop().run_in_executor(None, store.key, "key-1")
        assert await task == await use

    run(uses())
    assert len(server.requests) == 1


def test_the_event_loop_runs_during_a_fetch(server: JwksServer, store: KeyStore) -> None:
    async def uses() -> list[str]:
        events: list[str] = []

        async def use() -> None:
            await store.key_async("key-1")
            events.append("verified")

        with server.held():
            task = asyncio.ensure_future(use())
            await arrived(server, 1)
            for turn in range(3):
                await asyncio.sleep(0)
                events.append(f"turn {turn}")
            events.append("released")
        await task
        return events

    assert run(uses()) == ["turn 0", "turn 1", "turn 2", "released", "verified"]


def test_a_fetch_that_started_too_early_is_followed_by_one_more(
    server: JwksServer, store: KeyStore
) -> None:
    """The key was published after the fetch under way had read the set."""
    rotated = SigningKey("key-2")

    async def uses() -> None:
        with server.held():
            first = asyncio.ensure_future(store.key_async("key-1"))
            await arrived(server, 1)
            server.publish(rotated)
            second = asyncio.ensure_future(store.key_async("key-2"))
            await asyncio.sleep(0)
            assert not second.done()
        assert await first
        assert (await second).point == rotated.point

    run(uses())
    assert len(server.requests) == 2


def test_a_failed_fetch_is_not_followed_by_another(clock: Clock) -> None:
    """Otherwise a server that hangs would delay a request for twice the time-out."""
    over = threading.Event()
    fetched: list[str] = []

    def fetch(url: str, _timeout: float) -> tuple[bytes, dict[str, str]]:
        fetched.append(url)
        over.wait(WATCHDOG)
        clock.advance(4)
        raise OSError

    store = KeyStore(URL, fetch=fetch, clock=clock)

    async def use() -> None:
        store.prefetch()
        joined = asyncio.ensure_future(store.key_async("key-1"))
        await asyncio.sleep(0)
        over.set()
        with pytest.raises(KeysUnavailable):
            await joined

    run(use())
    assert len(fetched) == 1


def test_a_cancelled_task_does_not_cancel_the_fetch(server: JwksServer, store: KeyStore) -> None:
    async def uses() -> None:
        with server.held():
            tasks = [asyncio.ensure_future(store.key_async("key-1")) for _ in range(3)]
            await arrived(server, 1)
            tasks[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            assert not tasks[1].done()
        assert await tasks[1] == await tasks[2]
        assert await store.key_async("key-1")

    run(uses())
    assert len(server.requests) == 1


def test_an_event_loop_may_end_during_a_fetch(server: JwksServer, store: KeyStore) -> None:
    async def abandon() -> None:
        task = asyncio.ensure_future(store.key_async("key-1"))
        await arrived(server, 1)
        assert not task.done()

    with server.held():
        run(abandon())
    settle()
    assert run(store.key_async("key-1"))
    assert len(server.requests) == 1
