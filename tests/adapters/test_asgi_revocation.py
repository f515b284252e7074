"""`close_on_revocation`: a WebSocket, or a response that streams, ends when its token is revoked."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any, Callable

import pytest

from torii_backend import ConfigurationError, Revocations, Verifier
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers
from .messages import bearer
from .transport import scope_of
from .websocket import WebSocketExchange, websocket_scope

WATCHDOG = 30.0
ISSUER = "https://acme.torii.so"
SENTENCE = "The access token has been revoked."
CLOSE = {"type": "websocket.close", "code": 3000, "reason": SENTENCE}
END = {"type": "websocket.disconnect", "code": 3000, "reason": SENTENCE}


@pytest.fixture
def revocations() -> Revocations:
    return Revocations()


@pytest.fixture
def verifier(issuers: Issuers, revocations: Revocations) -> Verifier:
    return Verifier(issuers.home.issuer, revocations=revocations)


def on_this_thread(revoke: Callable[[], None]) -> None:
    revoke()


def on_another_thread(revoke: Callable[[], None]) -> None:
    threading.Thread(target=revoke).start()


@pytest.mark.parametrize("close_on_expiry", [False, True])
@pytest.mark.parametrize("run", [on_this_thread, on_another_thread])
def test_the_websocket_of_a_revoked_user_is_closed(
    issuers: Issuers,
    verifier: Verifier,
    revocations: Revocations,
    run: Callable[[Callable[[], None]], None],
    close_on_expiry: bool,
) -> None:
    received: list[Any] = []

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        run(lambda: revocations.revoke("grace"))
        run(lambda: revocations.revoke("ada"))
        received.append(await receive())
        await send({"type": "websocket.send", "text": "dropped"})

    guarded = AuthMiddleware(
        listen, verifier=verifier, close_on_revocation=True, close_on_expiry=close_on_expiry
    )
    accepted, *sent = asyncio.run(_served(guarded, issuers.token("ada")))
    assert accepted["type"] == "websocket.accept"
    assert (sent, received) == ([CLOSE], [END])


def test_an_application_that_only_sends_is_ended(
    issuers: Issuers, verifier: Verifier, revocations: Revocations
) -> None:
    async def tick(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        revocations.revoke("ada")
        while True:
            await send({"type": "websocket.send", "text": "tick"})
            await asyncio.sleep(0)

    guarded = AuthMiddleware(tick, verifier=verifier, close_on_revocation=True)
    assert asyncio.run(_served(guarded, issuers.token("ada")))[-1] == CLOSE


def test_other_websockets_stay_open(
    issuers: Issuers, verifier: Verifier, revocations: Revocations
) -> None:
    async def stay(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        revocations.revoke("ada", at=1)
        revocations.revoke("grace")
        for _ in range(20):
            await asyncio.sleep(0)
        await send({"type": "websocket.send", "text": "hello"})

    for options in ({"close_on_revocation": True}, {"close_on_expiry": True}, {}):
        guarded = AuthMiddleware(stay, verifier=verifier, **options)  # type: ignore[arg-type]
        sent = asyncio.run(_served(guarded, issuers.token("ada")))
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]


def test_a_response_that_streams_ends(
    issuers: Issuers, verifier: Verifier, revocations: Revocations
) -> None:
    received: list[Any] = []

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        revocations.revoke("ada")
        received.append(await receive())

    async def run() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        guarded = AuthMiddleware(stream, verifier=verifier, close_on_revocation=True)
        scope = scope_of(bearer(issuers.token("ada")))
        await asyncio.wait_for(guarded(scope, asyncio.Event().wait, send), WATCHDOG)  # type: ignore[arg-type]
        return sent

    sent = asyncio.run(run())
    assert received == [{"type": "http.disconnect"}]
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_nothing_is_left_of_many_websockets(
    issuers: Issuers, verifier: Verifier, revocations: Revocations
) -> None:
    """Whether the application ends them, or a revocation does."""
    token = issuers.token("ada")

    async def visit(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(0)

    guarded = AuthMiddleware(visit, verifier=verifier, close_on_revocation=True)

    async def run() -> None:
        for _ in range(20):
            await asyncio.gather(*(_served(guarded, token) for _ in range(25)))

    asyncio.run(run())
    gc.collect()
    assert revocations._watchers._by_id == {}
    # A loop that is closed is no reason for the revocation to fail.
    revocations.revoke("ada")


@pytest.mark.parametrize("given", [{"issuer": ISSUER}, {"verifier": Verifier(ISSUER)}])
def test_it_needs_a_verifier_with_revocations(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^close_on_revocation needs a verifier with"):
        AuthMiddleware(_nowhere, close_on_revocation=True, **given)


async def _nowhere(*_: Any) -> None: ...


async def _served(guarded: Any, token: str) -> list[Any]:
    server = WebSocketExchange()
    serving = guarded(websocket_scope(bearer(token)), server.receive, server.send)
    await asyncio.wait_for(serving, WATCHDOG)
    return [*server.sent]
