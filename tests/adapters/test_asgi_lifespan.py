"""`lifespan` passes through, and the keys are fetched meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from torii_backend import Verifier
from torii_backend._keys.fetch import fetch
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers

WATCHDOG = 30
EVENTS = ["lifespan.startup", "lifespan.shutdown"]
COMPLETE = [{"type": f"{event}.complete"} for event in EVENTS]


class Fetch:
    """Fetches a key set once it may; tells when it is asked for one."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def __call__(self, url: str, timeout: float) -> Any:
        self.asked.set()
        assert self.may_answer.wait(WATCHDOG)
        return fetch(url, timeout)


async def _app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "lifespan"
    for event in EVENTS:
        assert (await receive())["type"] == event
        await send({"type": f"{event}.complete"})


async def _live(app: Any) -> list[Any]:
    """Start up and shut down at once; give what the application sent."""
    events, sent = [{"type": event} for event in EVENTS], []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return sent


def test_the_keys_are_fetched_when_the_server_starts_up(issuers: Issuers) -> None:
    fetch = Fetch()
    verifier = Verifier(issuers.home.issuer, fetch=fetch)
    assert asyncio.run(_live(AuthMiddleware(_app, verifier=verifier))) == COMPLETE
    # The application was up and down while the fetch still waited.
    assert fetch.asked.wait(WATCHDOG)
    assert verifier.stats().keys_age is None
    fetch.may_answer.set()
    verifier.warm()
    assert verifier.verify(issuers.token()).user_id == "ada"
    assert verifier.stats().fetches == 1


def test_keys_that_are_there_are_not_fetched_again(issuers: Issuers) -> None:
    verifier = Verifier(issuers.home.issuer)
    verifier.warm()
    assert asyncio.run(_live(AuthMiddleware(_app, verifier=verifier))) == COMPLETE
    assert verifier.stats().fetches == 1


def test_the_keys_of_several_issuers_are_fetched(issuers: Issuers) -> None:
    verifier = Verifier([issuers.home.issuer, issuers.other.issuer])
    asyncio.run(_live(AuthMiddleware(_app, verifier=verifier)))
    assert verifier.stats().fetches == 2
    verifier.warm()


def test_an_issuer_that_is_down_does_not_fail_the_start(issuers: Issuers) -> None:
    verifier = Verifier(issuers.down.issuer)
    assert asyncio.run(_live(AuthMiddleware(_app, verifier=verifier))) == COMPLETE
    assert verifier.stats().fetches == 1


def test_with_an_issuer_for_each_request_there_is_nothing_to_fetch_yet() -> None:
    def issuer_of(request: Any) -> str:
        raise AssertionError

    assert asyncio.run(_live(AuthMiddleware(_app, issuer=issuer_of))) == COMPLETE


def test_an_application_without_lifespan_says_so_to_the_server(issuers: Issuers) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        asyncio.run(_live(AuthMiddleware(app, issuer=issuers.home.issuer)))
