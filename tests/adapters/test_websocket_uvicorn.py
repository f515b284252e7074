"""WebSockets over real sockets: uvicorn on one side, a client that speaks as browsers do on the other."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Optional

import pytest
import uvicorn
from fastapi import Depends, FastAPI, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from torii_backend import Verifier
from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import require_auth

from .issuers import Issuers
from .jumping import JumpingClock
from .refusals import REFUSALS

# Older versions of uvicorn stand on a part of websockets that is to go.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*websockets.*:DeprecationWarning", "ignore:.*ws_handler:DeprecationWarning"
)

WATCHDOG = 30


async def greet(scope: Any, receive: Any, send: Any) -> None:
    """Tell what the client sees of itself, and wait for the end."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    query = scope["query_string"].decode()
    user_id = scope["torii.auth"].user_id
    await send({"type": "websocket.send", "text": f"{user_id} {scope['subprotocols']} {query}"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def fastapi_app(issuer: str) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws", dependencies=[Depends(require_auth(issuer=issuer))])
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        subprotocols = websocket.scope["subprotocols"]
        await websocket.send_text(f"{websocket.state.auth.user_id} {subprotocols} ")
        await websocket.receive()

    return app


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an application; yields the address of its WebSocket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        try:
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws"
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, WATCHDOG)


async def greeting(url: str, **options: Any) -> tuple[Optional[str], str]:
    """Open a WebSocket; give the selected subprotocol and what the application says."""
    async with connect(url, **options) as websocket:
        said = await asyncio.wait_for(websocket.recv(), WATCHDOG)
        return websocket.subprotocol, str(said)


async def refusal(url: str, **options: Any) -> tuple[int, Optional[str], bytes]:
    """Open a WebSocket in vain; give the answer."""
    with pytest.raises(InvalidStatus) as refused:
        await greeting(url, **options)
    response = refused.value.response
    return (
        response.status_code,
        response.headers.get("WWW-Authenticate"),
        bytes(response.body or b""),
    )


def test_the_token_comes_in_each_way_and_stays_out_of_the_log(
    issuers: Issuers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    guarded = AuthMiddleware(greet, issuer=issuers.home.issuer, query_parameter="access_token")
    token, bad = issuers.token(), issuers.token(expires_in=-600)

    async def run() -> None:
        async with served(guarded) as url:
            header = {"Authorization": f"Bearer {token}"}
            assert await greeting(url, additional_headers=header) == (None, "ada [] ")
            offers = ["torii", f"torii.bearer.{token}"]
            assert await greeting(url, subprotocols=offers) == ("torii", "ada ['torii'] ")
            query = f"{url}?a=1&access_token={token}"
            assert await greeting(query) == (None, "ada [] a=1")
            expired = await refusal(f"{url}?access_token={bad}&b=2")
            assert expired[0] == 401

    asyncio.run(run())
    # uvicorn writes its log from the scope, query and all.
    assert '"WebSocket /ws?a=1" [accepted]' in caplog.text
    assert '"WebSocket /ws?b=2" 401' in caplog.text
    assert token not in caplog.text and bad not in caplog.text


def test_a_refusal_reaches_the_client_as_it_is(issuers: Issuers) -> None:
    guarded = AuthMiddleware(
        greet, issuer=issuers.home.issuer, allowed_origins=["https://app.example"]
    )

    async def run() -> None:
        async with served(guarded) as url:
            for options, name in [
                ({}, "no_credentials"),
                (
                    {"subprotocols": ["torii", "torii.bearer.a", "torii.bearer.b"]},
                    "several_credentials",
                ),
                ({"subprotocols": ["torii", "torii.bearer.a"]}, "malformed"),
            ]:
                expected = REFUSALS[name]
                answer = (expected.status, expected.www_authenticate, expected.body)
                assert await refusal(url, **options) == answer
            offers = ["torii", f"torii.bearer.{issuers.token()}"]
            evil = await refusal(url, subprotocols=offers, origin="https://evil.example")
            assert evil[0] == 403 and b'"permission_denied"' in evil[2]
            good = await greeting(url, subprotocols=offers, origin="https://app.example")
            assert good == ("torii", "ada ['torii'] ")

    asyncio.run(run())


def test_an_expired_token_closes_the_websocket(issuers: Issuers) -> None:
    clock = JumpingClock()
    verifier = Verifier(issuers.home.issuer, clock=clock, leeway=0)
    # It has a second to live when the WebSocket is opened, by the clock of the guard.
    clock.set_forward(59)
    guarded = AuthMiddleware(greet, verifier=verifier, close_on_expiry=True)
    offers = [Subprotocol("torii"), Subprotocol(f"torii.bearer.{issuers.token(expires_in=60)}")]

    async def run() -> None:
        async with served(guarded) as url, connect(url, subprotocols=offers) as websocket:
            await websocket.recv()
            clock.set_forward(60)
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(websocket.recv(), WATCHDOG)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 3000
            assert closed.value.rcvd.reason == "The access token has expired."

    asyncio.run(run())


def test_a_route_of_fastapi_is_guarded_alike(issuers: Issuers) -> None:
    async def run() -> None:
        async with served(fastapi_app(issuers.home.issuer)) as url:
            offers = ["torii", f"torii.bearer.{issuers.token()}"]
            assert await greeting(url, subprotocols=offers) == ("torii", "ada ['torii'] ")
            status, challenge, _ = await refusal(url)
            assert (status, challenge) == (401, 'Bearer realm="torii"')

    asyncio.run(run())
