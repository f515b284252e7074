"""iterate: page by page as the loop proceeds, with the same filters, never in circles, resumable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl

import pytest

from torii_backend import ToriiApiError
from torii_backend.client import (
    AsyncToriiClient,
    InvalidResponse,
    NotFound,
    PageIterator,
    ServerError,
    ToriiClient,
    User,
)

from .conftest import KEY
from .loops import arrived
from .operations import ITERATIONS
from .recording import RecordingAdapter
from .records import page, user
from .server import WATCHDOG, ApiServer, Received, Response, as_json

THREE = [
    as_json(page(user("1"), user("2"), more=True, cursor="c/1")),
    as_json(page(more=True, cursor="c&2")),
    as_json(page(user("3"), more=False, cursor="c3")),
    as_json(page(user("never"))),
]


def cursors(requests: list[Received]) -> list[Any]:
    return [dict(parse_qsl(request.query)).get("cursor") for request in requests]


def cursor_of(users: PageIterator[User]) -> Optional[str]:
    return users.cursor  # mypy takes a property that changes for a constant


def ids_until_error(users: Iterator[User]) -> tuple[list[str], ToriiApiError]:
    seen: list[str] = []
    with pytest.raises(ToriiApiError) as caught:
        seen.extend(one.id for one in users)
    return seen, caught.value


def awaited(server: ApiServer, use: Callable[[AsyncToriiClient], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            return await asyncio.wait_for(_awaitable(use(torii)), 30)

    return asyncio.run(main())


async def _awaitable(value: Awaitable[Any]) -> Any:
    return await value


def test_all_pages(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    assert [one.id for one in torii.users.iterate(limit=2)] == ["1", "2", "3"]
    assert cursors(server.requests) == [None, "c/1", "c&2"]


def test_it_is_lazy(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    users = torii.users.iterate()
    assert server.connections == 0
    assert [next(users).id, next(users).id] == ["1", "2"]
    assert len(server.requests) == 1
    assert next(users).id == "3"
    assert len(server.requests) == 3
    assert list(users) == []
    assert len(server.requests) == 3


def test_a_loop_may_be_left(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    for _ in torii.users.iterate():
        break
    assert len(server.requests) == 1


def test_a_walk_that_fails_can_go_on(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(THREE[0], as_json({}, 404), THREE[1], as_json({}, 503), *THREE[2:])
    users = torii.users.iterate()
    assert users.cursor is None
    seen, error = ids_until_error(users)
    assert (seen, type(error)) == (["1", "2"], NotFound)
    assert cursor_of(users) == "c/1"
    # The same iterator tries the page again, and so does a new one from its cursor.
    seen, error = ids_until_error(users)
    assert (seen, type(error)) == ([], ServerError)
    assert cursor_of(users) == "c&2"
    assert [one.id for one in torii.users.iterate(cursor=users.cursor)] == ["3"]
    assert cursors(server.requests) == [None, "c/1", "c/1", "c&2", "c&2"]


def test_the_cursor_is_that_of_the_page_in_use(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    users = torii.users.iterate(cursor="c0")
    assert (users.cursor, next(users).id, users.cursor) == ("c0", "1", "c0")
    assert (next(users).id, users.cursor) == ("2", "c0")
    assert (next(users).id, users.cursor) == ("3", "c&2")
    assert (list(users), users.cursor) == ([], "c&2")


@pytest.mark.parametrize("path", ITERATIONS)
def test_every_iterator_starts_from_a_cursor(
    server: ApiServer, torii: ToriiClient, path: str
) -> None:
    server.respond_with(as_json(page()))
    resource, method = path.split(".")
    ids = {"users.iterate_organizations": ["u"], "organizations.iterate_members": ["o"]}
    walk = getattr(getattr(torii, resource), method)(*ids.get(path, []), cursor="c7")
    assert (list(walk), cursors(server.requests)) == ([], ["c7"])


def test_only_one_caller_at_a_time(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    users = torii.users.iterate()
    with ThreadPoolExecutor(1) as pool:
        with server.held():
            first = pool.submit(next, users)
            server.wait_for(1)
            with pytest.raises(RuntimeError, match="one task or thread"):
                next(users)
        assert first.result().id == "1"
    assert next(users).id == "2"


def test_two_threads_lose_no_item(server: ApiServer, torii: ToriiClient) -> None:
    """While one waits for a page, the other may neither fetch it again nor move on."""
    release = threading.Event()

    def late(request: Received) -> Response:
        if len(server.requests) == 1:
            release.wait(WATCHDOG)
        return pages[dict(parse_qsl(request.query)).get("cursor")]

    pages = {None: THREE[0], "c/1": THREE[1], "c&2": THREE[2]}
    server.respond_with(late)
    users = torii.users.iterate()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(next, users)
        server.wait_for(1)
        try:
            for _ in range(4):
                with pytest.raises(RuntimeError, match="one task or thread"):
                    next(users)
        finally:
            release.set()
        assert [first.result().id, *(one.id for one in users)] == ["1", "2", "3"]
    assert cursors(server.requests) == [None, "c/1", "c&2"]


def test_filters_are_sent_with_every_page(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(*THREE)
    list(torii.users.iterate(limit=2, name="Ada", statuses=["active"], email=None))
    assert len(server.requests) == 3
    for request in server.requests:
        assert request.json == {"name": "Ada", "statuses": ["active"], "email": None}
        assert dict(parse_qsl(request.query))["limit"] == "2"


def test_filters_of_the_query_are_sent_with_every_page(
    server: ApiServer, torii: ToriiClient
) -> None:
    server.respond_with(
        as_json(page(more=True, cursor="c1")),
        as_json(page(more=True, cursor="c2")),
        as_json(page()),
    )
    assert list(torii.invitations.iterate(status=["PENDING", "EXPIRED"], search="a&b")) == []
    start = [("status", "PENDING"), ("status", "EXPIRED"), ("search", "a&b")]
    assert [parse_qsl(request.query) for request in server.requests] == [
        start,
        [*start, ("cursor", "c1")],
        [*start, ("cursor", "c2")],
    ]


@pytest.mark.parametrize("cursor", [None, "", "c1", "c0"])
def test_a_cursor_that_leads_back_is_an_error(
    server: ApiServer, torii: ToriiClient, cursor: Any
) -> None:
    server.respond_with(
        as_json(page(user("0"), more=True, cursor="c0")),
        as_json(page(user("1"), more=True, cursor="c1")),
        as_json(page(user("2"), more=True, cursor=cursor)),
        as_json(page()),
    )
    seen, error = ids_until_error(torii.users.iterate())
    assert seen == ["0", "1", "2"]
    assert type(error) is InvalidResponse
    assert "cursor" in str(error)
    assert len(server.requests) == 3


def test_a_first_page_that_leads_to_itself(server: ApiServer, torii: ToriiClient) -> None:
    for cursor in (None, ""):
        server.respond_with(as_json(page(user("0"), more=True, cursor=cursor)), as_json(page()))
        seen, error = ids_until_error(torii.users.iterate())
        assert (seen, type(error)) == (["0"], InvalidResponse)
    assert len(server.requests) == 2


def test_two_iterators_are_independent(server: ApiServer, torii: ToriiClient) -> None:
    for _ in range(2):
        server.respond_with(*THREE)
        assert len(list(torii.users.iterate())) == 3
    server.respond_with(THREE[0], THREE[0], THREE[2])
    first, second = torii.users.iterate(), torii.users.iterate()
    assert (next(first).id, next(second).id) == ("1", "1")


def test_bad_arguments_are_refused_by_the_call(server: ApiServer, torii: ToriiClient) -> None:
    with pytest.raises(TypeError):
        torii.users.iterate(limit="2")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        torii.organizations.iterate(name=7)  # type: ignore[arg-type]
    assert server.connections == 0


def test_the_timeout_is_that_of_each_page(server: ApiServer, session: Any) -> None:
    adapter = RecordingAdapter()
    session.mount("http://", adapter)
    server.respond_with(*THREE)
    with ToriiClient(KEY, api_url=server.url, session=session) as torii:
        list(torii.users.iterate(timeout=7))
    assert [settings["timeout"] for _, settings in adapter.calls] == [(7, 7)] * 3


class TestAsync:
    def test_all_pages(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> list[str]:
            return [one.id async for one in torii.users.iterate(name=None)]

        server.respond_with(*THREE)
        assert awaited(server, use) == ["1", "2", "3"]
        assert cursors(server.requests) == [None, "c/1", "c&2"]
        assert [request.json for request in server.requests] == [{"name": None}] * 3

    def test_it_is_lazy(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> None:
            users = torii.users.iterate()
            assert server.connections == 0
            assert [(await _next(users)).id for _ in range(2)] == ["1", "2"]
            assert len(server.requests) == 1
            assert (await _next(users)).id == "3"
            assert len(server.requests) == 3

        server.respond_with(*THREE)
        awaited(server, use)

    def test_a_loop_may_be_left(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> None:
            async for _ in torii.users.iterate():
                break

        server.respond_with(*THREE)
        awaited(server, use)
        assert len(server.requests) == 1

    def test_a_walk_that_fails_can_go_on(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> None:
            users = torii.users.iterate()
            assert [(await _next(users)).id for _ in "12"] == ["1", "2"]
            with pytest.raises(NotFound):
                await _next(users)
            assert users.cursor == "c/1"
            assert (await _next(users)).id == "3"
            again = torii.users.iterate(cursor="c/1")
            assert [one.id async for one in again] == ["3"]

        server.respond_with(THREE[0], as_json({}, 404), *THREE[1:3], *THREE[1:3])
        awaited(server, use)
        assert cursors(server.requests) == [None, "c/1", "c/1", "c&2", "c/1", "c&2"]

    def test_only_one_caller_at_a_time(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> None:
            users = torii.users.iterate()
            with server.held():
                first = asyncio.ensure_future(_next(users))
                await arrived(server, 1)
                with pytest.raises(RuntimeError, match="one task or thread"):
                    await _next(users)
            assert (await first).id == "1"

        server.respond_with(*THREE)
        awaited(server, use)

    @pytest.mark.parametrize("cursor", [None, "", "c0"])
    def test_a_cursor_that_leads_back_is_an_error(self, server: ApiServer, cursor: Any) -> None:
        seen: list[str] = []

        async def use(torii: AsyncToriiClient) -> None:
            async for one in torii.users.iterate():
                seen.append(one.id)  # noqa: PERF401

        server.respond_with(
            as_json(page(user("0"), more=True, cursor="c0")),
            as_json(page(user("1"), more=True, cursor=cursor)),
            as_json(page()),
        )
        with pytest.raises(InvalidResponse, match="cursor"):
            awaited(server, use)
        assert seen == ["0", "1"]
        assert len(server.requests) == 2

    def test_bad_arguments_are_refused_by_the_call(self, server: ApiServer) -> None:
        async def use(torii: AsyncToriiClient) -> None:
            with pytest.raises(TypeError):
                torii.users.iterate(limit="2")  # type: ignore[arg-type]

        awaited(server, use)
        assert server.connections == 0


async def _next(users: AsyncIterator[User]) -> User:
    return await users.__anext__()
