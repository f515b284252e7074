"""A client with `revocations` revokes the access tokens of users whose access it has taken away."""

from __future__ import annotations

import asyncio
import logging
import time
from email.utils import formatdate
from typing import Any, Callable, Optional
from uuid import UUID

import pytest

from torii_backend import ConfigurationError, Revocations, ToriiError
from torii_backend.client import AsyncToriiClient, InvalidResponse, ToriiClient

from .conftest import KEY, Connect
from .records import SESSION_ID, USER_ID, user
from .server import HANG_UP, ApiServer, Response, again, as_json

CALLS: dict[str, Callable[[Any], Any]] = {
    "ban": lambda torii: torii.users.ban(USER_ID),
    "delete": lambda torii: torii.users.delete(UUID(USER_ID)),
    "revoke": lambda torii: torii.sessions.revoke(USER_ID, SESSION_ID),
    "revoke_all_for_user": lambda torii: torii.sessions.revoke_all_for_user(user_id=USER_ID),
}
OTHERS: dict[str, Callable[[Any], Any]] = {
    "unban": lambda torii: torii.users.unban(USER_ID),
    "get": lambda torii: torii.users.get(USER_ID),
    "update": lambda torii: torii.users.update(USER_ID, first_name="Ada"),
    "request": lambda torii: torii.request("POST", f"/users/{USER_ID}/ban"),
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class Noting:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Optional[float]]] = []

    def revoke(self, user_id: str, *, at: Optional[float] = None) -> None:
        self.told.append((user_id, at))


class Away:
    """A store that can't be reached."""

    def revoke(self, user_id: str, *, at: Optional[float] = None) -> None:
        raise ToriiError(f"no connection for {user_id} at {at}")


def dated(seconds: float) -> Response:
    return as_json(user(), Date=formatdate(seconds, usegmt=True))


@pytest.fixture
def noting() -> Noting:
    return Noting()


@calls
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_it_tells_the_time_of_the_response(
    server: ApiServer,
    noting: Noting,
    call: Callable[[Any], Any],
    raw: bool,
    awaited: bool,
) -> None:
    now = int(time.time()) - 5
    server.respond_with(dated(now))

    async def main() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url, revocations=noting) as torii:
            await call(torii.with_raw_response if raw else torii)

    if awaited:
        asyncio.run(main())
    else:
        with ToriiClient(KEY, api_url=server.url, revocations=noting) as torii:
            call(torii.with_raw_response if raw else torii)
    # The response may be from the end of that second.
    ((user_id, at),) = noting.told
    assert user_id == USER_ID
    assert at is not None and now + 0.999 < at < now + 1


@calls
@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 409, 429, 500, 503])
def test_a_call_that_fails_tells_nothing(
    server: ApiServer, noting: Noting, connect: Connect, call: Callable[[Any], Any], status: int
) -> None:
    server.respond_with(as_json({}, status))
    with pytest.raises(ToriiError):
        call(connect(server.url, revocations=noting, max_retries=0))
    assert noting.told == []


@calls
def test_no_response_tells_nothing(
    server: ApiServer, noting: Noting, connect: Connect, call: Callable[[Any], Any]
) -> None:
    server.respond_with(HANG_UP)
    with pytest.raises(ToriiError):
        call(connect(server.url, revocations=noting, max_retries=0))
    assert noting.told == []


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_other_calls_tell_nothing(
    server: ApiServer, noting: Noting, connect: Connect, call: Callable[[Any], Any]
) -> None:
    server.respond_with(as_json(user()))
    call(connect(server.url, revocations=noting))
    assert noting.told == []


def test_a_user_who_was_deleted_by_an_earlier_attempt(
    server: ApiServer, noting: Noting, connect: Connect
) -> None:
    gone = as_json({"code": "user_not_found"}, 404, Content_Type="application/problem+json")
    server.respond_with(again(502), gone)
    connect(server.url, revocations=noting).users.delete(USER_ID)
    assert [user_id for user_id, _ in noting.told] == [USER_ID]


def test_a_success_that_cannot_be_read(server: ApiServer, noting: Noting, connect: Connect) -> None:
    """The user is banned all the same."""
    server.respond_with(Response(200, b"{"))
    with pytest.raises(InvalidResponse):
        connect(server.url, revocations=noting).users.ban(USER_ID)
    assert [user_id for user_id, _ in noting.told] == [USER_ID]


@pytest.mark.parametrize("date", ["", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", formatdate(4e9)])
def test_without_a_date_that_can_be_right_it_is_now(
    server: ApiServer, noting: Noting, connect: Connect, date: str
) -> None:
    server.respond_with(as_json(user(), Date=date))
    connect(server.url, revocations=noting).users.ban(USER_ID)
    assert noting.told == [(USER_ID, None)]


@calls
def test_a_store_that_fails_does_not_fail_the_call(
    server: ApiServer,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    call: Callable[[Any], Any],
) -> None:
    server.respond_with(as_json(user()))
    call(connect(server.url, revocations=Away()))
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "succeeded, but the user's access tokens could not be revoked: Tori" in record.message
    assert record.exc_info is None and USER_ID not in record.getMessage()


def test_together_with_a_table(server: ApiServer, connect: Connect) -> None:
    server.respond_with(as_json(user()))
    revocations = Revocations()
    connect(server.url, revocations=revocations).users.ban(USER_ID.upper())
    assert revocations.stats().entries == 2


@pytest.mark.parametrize("wrong", [Revocations, "redis://127.0.0.1", object(), True])
def test_nothing_else_is_taken(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^revocations must be an object, such as Revoc"):
        ToriiClient(KEY, revocations=wrong)
