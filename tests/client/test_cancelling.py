"""A call that is cancelled is over at once, and nothing of it follows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from .loops import arrived, client, named, run, settle
from .server import ApiServer, as_json


@pytest.fixture(autouse=True)
def _require_key() -> Iterator[None]:
    yield
    settle()


@pytest.mark.parametrize("method", ["get", "ban"])
def test_it_is_over_at_once(server: ApiServer, method: str) -> None:
    async def main() -> None:
        async with client(server) as torii:
            with server.held():
                call = asyncio.create_task(getattr(torii.users, method)("1"))
                await arrived(server, 1)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                assert call.cancelled()

    server.respond_with(named)
    run(main())  # within the block, the server has not responded
    settle()
    assert len(server.requests) == 1


def test_a_deadline_is_kept(server: ApiServer) -> None:
    async def main() -> None:
        async with client(server) as torii:
            with server.held(), pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(torii.users.get("1"), 0.1)

    server.respond_with(named)
    run(main())


def test_no_retry_follows(server: ApiServer) -> None:
    async def main() -> None:
        async with client(server, max_retries=5) as torii:
            with server.held():
                call = asyncio.create_task(torii.users.get("1"))
                await arrived(server, 1)
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call

    server.respond_with(as_json({}, 503, Retry_After="0"))
    run(main())
    settle()
    assert len(server.requests) == 1


def test_the_pause_before_a_retry_ends(server: ApiServer) -> None:
    async def main() -> None:
        async with client(server) as torii:
            call = asyncio.create_task(torii.users.get("1"))
            await arrived(server, 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    server.respond_with(as_json({}, 429, Retry_After="60"))
    run(main())
    settle()
    assert len(server.requests) == 1


def test_a_pause_holds_no_thread(server: ApiServer) -> None:
    async def main() -> None:
        async with client(server, pool_size=1) as torii:
            first = asyncio.create_task(torii.users.get("1"))
            await arrived(server, 1)
            assert (await torii.users.get("2")).id == "2"
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first

    server.respond_with(as_json({}, 429, Retry_After="60"), named)
    run(main())
    assert len(server.requests) == 2


def test_a_call_that_waits_for_a_thread_is_never_sent(server: ApiServer) -> None:
    async def main() -> None:
        async with client(server, pool_size=1) as torii:
            with server.held():
                first = asyncio.create_task(torii.users.get("1"))
                await arrived(server, 1)
                second = asyncio.create_task(torii.users.ban("2"))
                await asyncio.sleep(0)
                second.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await second
            assert (await first).id == "1"
            assert (await torii.users.get("3")).id == "3"

    server.respond_with(named)
    run(main())
    assert [request.path.split("/")[5] for request in server.requests] == ["1", "3"]


def test_a_coroutine_that_is_closed_is_over(server: ApiServer) -> None:
    """As a loop does with what it finds at its end."""

    async def main() -> None:
        async with client(server, max_retries=5) as torii:
            with server.held():
                call = torii.users.get("1")
                call.send(None)
                await arrived(server, 1)
                call.close()

    server.respond_with(as_json({}, 503, Retry_After="0"))
    run(main())
    settle()
    assert len(server.requests) == 1


def test_the_other_calls_go_on(server: ApiServer) -> None:
    async def main() -> list[str]:
        async with client(server) as torii:
            with server.held():
                calls = [asyncio.create_task(torii.users.get(name)) for name in "abcdef"]
                await arrived(server, 6)
                calls[0].cancel()
                calls[3].cancel()
            found = await asyncio.gather(*calls, return_exceptions=True)
            return [getattr(one, "id", "cancelled") for one in found]

    server.respond_with(named)
    assert run(main()) == ["cancelled", "b", "c", "cancelled", "e", "f"]
