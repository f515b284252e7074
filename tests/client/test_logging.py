"""Logging: one DEBUG record a call, with nothing in it that a log must not hold."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from torii_backend import ToriiError
from torii_backend.client import AsyncToriiClient, ToriiClient

from .conftest import KEY, Connect
from .records import SESSION_ID, USER_ID, page, user
from .server import HANG_UP, ApiServer, Response, as_json

NAME = "torii_backend.client"


@pytest.fixture(autouse=True)
def _at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, NAME)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give our records without their times, which must be there."""
    found = [record for record in caplog.records if record.name.startswith("torii_backend")]
    assert {(record.name, record.levelno) for record in found} <= {(NAME, logging.DEBUG)}
    texts = [record.getMessage() for record in found]
    assert all(re.search(r" in \d+ ms,", text) for text in texts)
    return [re.sub(r" in \d+ ms,", ",", text) for text in texts]


def test_a_call_is_one_record(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond_with(as_json(user(email="ada@example.com")))
    torii.users.get(USER_ID)
    torii.users.update_metadata(USER_ID, private_metadata={"pin": "1234"})
    torii.sessions.revoke(USER_ID, SESSION_ID)
    torii.with_raw_response.users.ban(USER_ID)
    assert messages(caplog) == [
        "GET /users/{user_id} -> 200, attempt 1",
        "PATCH /users/{user_id}/metadata -> 200, attempt 1",
        "DELETE /users/{user_id}/sessions/{session_id} -> 200, attempt 1",
        "POST /users/{user_id}/ban -> 200, attempt 1",
    ]
    for secret in (USER_ID, SESSION_ID, KEY, "ada@", "1234", str(server.port)):
        assert not [record for record in caplog.records if secret in record.getMessage()]


def test_what_is_asked_for_is_not_in_it(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond_with(as_json(page()))
    torii.invitations.list(search="ada@example.com", cursor="cursor-1")
    torii.request("GET", "/users/ada/things", query={"email": "ada@example.com"})
    assert messages(caplog) == [
        "GET /invitations -> 200, attempt 1",
        "GET (custom) -> 200, attempt 1",
    ]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (as_json({"detail": "ada@example.com"}, 404), "404"),
        (as_json({}, 500), "500"),
        (Response(200, b"<html>"), "200"),
        (HANG_UP, "broken"),
    ],
)
def test_a_failure_is_one_record(
    server: ApiServer,
    torii: ToriiClient,
    caplog: pytest.LogCaptureFixture,
    script: Response,
    outcome: str,
) -> None:
    server.respond_with(script)
    with pytest.raises(ToriiError):
        torii.users.get(USER_ID)
    assert messages(caplog) == [f"GET /users/{{user_id}} -> {outcome}, attempt 1"]


def test_a_timeout_is_logged_too(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    with server.held(), pytest.raises(ToriiError):
        torii.users.get(USER_ID, timeout=0.1)
    assert messages(caplog) == ["GET /users/{user_id} -> timeout, attempt 1"]


def test_a_call_with_retries_is_one_record(
    server: ApiServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    later = as_json({}, 503, Retry_After="0")
    torii = connect(server.url)
    server.respond_with(later, later, as_json(user()))
    torii.users.get(USER_ID)
    server.respond_with(later)
    with pytest.raises(ToriiError):
        torii.users.get(USER_ID)
    gone = {"code": "user_not_found"}
    server.respond_with(later, as_json(gone, 404, Content_Type="application/problem+json"))
    torii.users.delete(USER_ID)
    assert messages(caplog) == [
        "GET /users/{user_id} -> 200, attempt 3",
        "GET /users/{user_id} -> 503, attempt 3",
        "DELETE /users/{user_id} -> 404, attempt 2",
    ]


def test_every_page_is_a_call(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond_with(as_json(page(more=True, cursor="c1")), as_json(page()))
    list(torii.users.iterate())
    assert messages(caplog) == ["POST /users/search -> 200, attempt 1"] * 2


def test_an_argument_refused_before_sending_is_not_logged(
    torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match="user_id"):
        torii.users.get("..")
    assert messages(caplog) == []


def test_awaited(server: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url) as torii:
            await torii.users.get(USER_ID)

    server.respond_with(as_json(user()))
    asyncio.run(main())
    assert messages(caplog) == ["GET /users/{user_id} -> 200, attempt 1"]


def test_there_is_none_above_debug(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, NAME)
    server.respond_with(as_json({}, 500))
    with pytest.raises(ToriiError):
        torii.users.get(USER_ID)
    assert messages(caplog) == []
