"""What listeners hear of calls of the REST API."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from tests.support.observed import observed
from torii_backend import ToriiConnectionError, ToriiTimeout
from torii_backend.client import AsyncToriiClient, NotFound, ToriiClient
from torii_backend.observing import ApiCalled, observe

from .conftest import KEY
from .records import USER_ID, user
from .server import HANG_UP, ApiServer, again, as_json


def _called(server: ApiServer, call: Any, *, max_retries: int = 0) -> ApiCalled:
    torii = ToriiClient(KEY, api_url=server.url, max_retries=max_retries, timeout=5)
    with torii, observed(ApiCalled) as heard:
        call(torii)
    (event,) = heard.events
    assert isinstance(event, ApiCalled) and event.seconds > 0
    return event


def _get(torii: ToriiClient) -> None:
    torii.users.get(USER_ID)


def test_a_call_is_told_with_the_names_of_ids_and_not_the_ids(server: ApiServer) -> None:
    server.respond_with(as_json(user(), X_Request_Id="req_1"))
    event = _called(server, _get)
    found = (event.operation, event.status, event.tries, event.request_id, event.error)
    assert found == ("GET /users/{user_id}", 200, 1, "req_1", None)
    assert USER_ID not in repr(event)


def test_a_call_of_your_own_has_no_path(server: ApiServer) -> None:
    event = _called(server, lambda torii: torii.request("PATCH", "/canary", body={}))
    assert event.operation == "PATCH (custom)"


def test_retries_are_one_call(server: ApiServer) -> None:
    server.respond_with(again(503), again(429), as_json(user()))
    event = _called(server, _get, max_retries=2)
    assert (event.status, event.tries) == (200, 3)


def test_a_call_that_fails(server: ApiServer) -> None:
    def missing(torii: ToriiClient) -> None:
        with pytest.raises(NotFound):
            _get(torii)

    server.respond_with(as_json({"detail": "no"}, 404))
    event = _called(server, missing)
    assert (event.status, event.error) == (404, None)


def test_a_call_without_a_response(server: ApiServer) -> None:
    def cut(torii: ToriiClient) -> None:
        with pytest.raises(ToriiConnectionError):
            torii.users.create(email="ada@example.com")

    server.respond_with(HANG_UP)
    event = _called(server, cut)
    assert (event.status, event.error, event.request_id) == (None, "connection", None)


def test_a_call_that_takes_too_long(server: ApiServer) -> None:
    def late(torii: ToriiClient) -> None:
        with pytest.raises(ToriiTimeout):
            torii.users.get(USER_ID, timeout=0.05)

    with server.held():
        event = _called(server, late)
    assert (event.status, event.error) == (None, "timeout")


@pytest.mark.parametrize("sent", [f"req {KEY}", "x" * 201])
def test_what_is_no_request_id(server: ApiServer, sent: str) -> None:
    server.respond_with(as_json(user(), X_Request_Id=sent))
    event = _called(server, _get)
    assert KEY not in repr(event)
    assert event.request_id is None or len(event.request_id) < 100


def test_an_async_call_is_told_in_the_context_of_its_caller(server: ApiServer) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    found: list[str] = []

    async def call() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url) as torii:
            who.set("ada")
            await torii.users.get(USER_ID)

    server.respond_with(as_json(user()))
    undo = observe(lambda _: found.append(who.get()), ApiCalled)
    asyncio.run(call())
    undo()
    assert found == ["ada"]
