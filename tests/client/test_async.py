"""The async client: many calls at once, on its own threads, and none that outlives its caller."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from torii_backend import ToriiConnectionError, ToriiTimeout
from torii_backend.client import AsyncToriiClient, NotFound

from .loops import arrived, client, client_threads, named, run, settle
from .records import USER_ID
from .server import HANG_UP, WATCHDOG, ApiServer, as_json


@pytest.fixture(autouse=True)
def _require_key() -> Iterator[None]:
    yield
    settle()


class TestCalls:
    def test_they_are_awaited(self, server: ApiServer) -> None:
        async def main() -> None:
            async with client(server) as torii:
                call = torii.users.get("1")
                assert asyncio.iscoroutine(call)
                assert server.connections == 0
                assert (await call).id == "1"
                task = asyncio.create_task(torii.users.get("2"))
                assert (await task).id == "2"
                assert (await asyncio.wait_for(torii.users.get("3"), WATCHDOG)).id == "3"

        server.respond_with(named)
        run(main())

    def test_without_asyncio_nothing_is_sent(self, server: ApiServer) -> None:
        """As under trio: what is sent must not depend on whether its response can be awaited."""
        torii = client(server)
        with pytest.raises(
            RuntimeError, match=r"used with asyncio\. With trio, call a ToriiClient"
        ):
            torii.users.create(email="ada@example.com").send(None)
        assert server.connections == 0

    def test_a_hundred_at_once(self, server: ApiServer) -> None:
        names = [str(number) for number in range(100)]

        async def main() -> list[str]:
            async with client(server) as torii:
                return [one.id for one in await asyncio.gather(*map(torii.users.get, names))]

        server.respond_with(named)
        assert run(main()) == names
        assert server.connections <= 32

    def test_more_than_there_are_threads(self, server: ApiServer) -> None:
        names = [str(number) for number in range(20)]

        async def main() -> list[str]:
            async with client(server, pool_size=2) as torii:
                calls = [asyncio.create_task(torii.users.get(name)) for name in names]
                with server.held():
                    await arrived(server, 2)
                    assert len(server.requests) == 2
                    assert len(client_threads()) == 2
                return [one.id for one in await asyncio.gather(*calls)]

        server.respond_with(named)
        assert run(main()) == names
        assert server.connections == 2

    def test_the_loop_goes_on_meanwhile(self, server: ApiServer) -> None:
        async def main() -> str:
            async with client(server) as torii:
                with server.held():
                    call = asyncio.create_task(torii.users.get("1"))
                    await arrived(server, 1)
                    for _ in range(100):
                        await asyncio.sleep(0)
                    assert not call.done()
                return (await call).id

        server.respond_with(named)
        assert run(main()) == "1"

    def test_errors_are_raised_where_they_are_awaited(self, server: ApiServer) -> None:
        async def main() -> None:
            async with client(server, max_retries=0) as torii:
                with pytest.raises(NotFound):
                    await torii.users.get("1")
                with pytest.raises(ToriiConnectionError):
                    await torii.users.get("1")
                with server.held(), pytest.raises(ToriiTimeout):
                    await torii.users.get("1", timeout=0.1)
                with pytest.raises(ValueError, match="user_id"):
                    await torii.users.get("..")

        server.respond_with(as_json({}, 404), HANG_UP)
        run(main())

    def test_one_client_serves_one_loop_after_the_other(self, server: ApiServer) -> None:
        async def call(torii: AsyncToriiClient, name: str) -> str:
            return (await torii.users.get(name)).id

        server.respond_with(named)
        torii = client(server)
        assert [run(call(torii, name)) for name in ("1", "2", "3")] == ["1", "2", "3"]
        run(torii.aclose())
        assert server.connections == 1

    def test_one_client_serves_two_loops_at_the_same_time(self, server: ApiServer) -> None:
        async def calls(torii: AsyncToriiClient, prefix: str) -> list[str]:
            names = [f"{prefix}{number}" for number in range(20)]
            found = await asyncio.gather(*map(torii.users.get, names))
            return [one.id for one in found if one.id.startswith(prefix)]

        server.respond_with(named)
        torii = client(server)
        other: list[str] = []
        thread = threading.Thread(target=lambda: other.extend(run(calls(torii, "b"))))
        thread.start()
        assert len(run(calls(torii, "a"))) == 20
        thread.join(WATCHDOG)
        assert len(other) == 20
        run(torii.aclose())


class TestThreads:
    def test_they_are_its_own(self, server: ApiServer, session: requests.Session) -> None:
        """Neither the default executor's, nor the one thread that asgiref has."""
        names: list[str] = []

        class Noting(HTTPAdapter):
            def send(self, *args: Any, **kwargs: Any) -> requests.Response:
                names.append(threading.current_thread().name)
                return super().send(*args, **kwargs)

        async def main() -> None:
            asyncio.get_running_loop().set_default_executor(_NoExecutor())
            async with client(server, session=session) as torii:
                await asyncio.gather(*(torii.users.get(str(number)) for number in range(8)))

        session.mount("http://", Noting())
        server.respond_with(named)
        run(main())
        assert len(names) == 8
        assert all(name.startswith("torii-client") for name in names)

    def test_there_are_none_before_the_first_call(self, server: ApiServer) -> None:
        torii = client(server)
        assert client_threads() == []
        run(torii.aclose())

    def test_they_end_with_the_client(self, server: ApiServer) -> None:
        async def main() -> None:
            async with client(server) as torii:
                await torii.users.get("1")
                assert client_threads()

        server.respond_with(named)
        run(main())
        settle()

    def test_context_variables_are_carried(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        tenant = contextvars.ContextVar("tenant", default="none")

        class Naming(HTTPAdapter):
            def send(
                self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
            ) -> requests.Response:
                request.headers["X-Tenant"] = tenant.get()
                tenant.set("changed by the adapter")
                return super().send(request, *args, **kwargs)

        async def call(torii: AsyncToriiClient, name: str) -> str:
            tenant.set(name)
            await torii.users.get(name)
            return tenant.get()

        async def main() -> list[str]:
            async with client(server, session=session) as torii:
                return list(await asyncio.gather(*(call(torii, name) for name in "abcdef")))

        session.mount("http://", Naming())
        server.respond_with(named)
        assert run(main()) == list("abcdef")
        assert len(server.requests) == 6
        for request in server.requests:
            assert request.headers["X-Tenant"] == request.path.split("/")[5]


class _NoExecutor(ThreadPoolExecutor):
    def submit(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the default executor is the application's")


class TestClosing:
    def test_a_closed_client_refuses(self, server: ApiServer) -> None:
        async def main() -> None:
            async with client(server) as torii:
                pass
            with pytest.raises(RuntimeError, match="The client is closed: make a new one"):
                await torii.users.get(USER_ID)
            with pytest.raises(RuntimeError, match="The client is closed"):
                await torii.with_raw_response.users.get(USER_ID)
            with pytest.raises(RuntimeError, match="The client is closed"):
                async for _ in torii.users.iterate():
                    pass
            await torii.aclose()

        run(main())
        assert server.connections == 0

    def test_it_closes_its_connections(self, server: ApiServer) -> None:
        async def main() -> None:
            async with client(server) as torii:
                await torii.users.get("1")

        server.respond_with(named)
        run(main())
        server.wait_until_open(0)

    def test_it_does_not_wait_for_calls(self, server: ApiServer) -> None:
        async def main() -> None:
            torii = client(server)
            with server.held():
                call = asyncio.create_task(torii.users.get("1"))
                await arrived(server, 1)
                await torii.aclose()
            assert (await call).id == "1"

        server.respond_with(named)
        run(main())
        settle()

    def test_it_leaves_a_session_of_the_users_open(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        async def main() -> None:
            async with client(server, session=session) as torii:
                await torii.users.get("1")

        server.respond_with(named)
        run(main())
        session.get(f"{server.url}/api/server/v1/users/2")
        assert server.connections == 2  # the client's own, and the session's
