"""Starlette alone: the ASGI middleware around an application, a mount or a single route."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from torii_backend import current_auth
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi
from .websocket import call_websocket, websocket_scope


async def _me(request: StarletteRequest) -> PlainTextResponse:
    answer = PlainTextResponse(request.state.auth.user_id)
    assert request.state.auth is current_auth()
    return answer


async def _open(request: StarletteRequest) -> PlainTextResponse:
    return PlainTextResponse("open")


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(reason=websocket.state.auth.user_id)


def _app(place: str, issuer: str) -> Any:
    """Guard `/shop/me` and `/shop/ws`, from one of three places."""
    guards = [Middleware(AuthMiddleware, issuer=issuer, exempt=["/open"])]
    at = {place: guards}
    routes = [
        Route("/me", _me, middleware=at.get("route")),
        WebSocketRoute("/ws", _talk, middleware=at.get("route")),
    ]
    shop = Mount("/shop", routes=routes, middleware=at.get("mount"))
    return Starlette(routes=[shop, Route("/open", _open)], middleware=at.get("app"))


@pytest.mark.parametrize("place", ["app", "mount", "route"])
def test_the_guard_wraps_an_application_a_mount_or_a_route(issuers: Issuers, place: str) -> None:
    app = _app(place, issuers.home.issuer)
    token = issuers.token()
    assert asyncio.run(call_asgi(app, bearer(token, "/shop/me"))).body == b"ada"
    assert asyncio.run(call_asgi(app, Request("/shop/me"))).status == 401
    assert asyncio.run(call_asgi(app, Request("/open"))).body == b"open"
    offers = ("torii", f"torii.bearer.{token}")
    accepted, closed = call_websocket(app, websocket_scope(Request("/shop/ws"), *offers))
    assert (accepted["subprotocol"], closed["reason"]) == ("torii", "ada")
    refused = call_websocket(app, websocket_scope(Request("/shop/ws"), "torii"))
    assert refused[0]["status"] == 401


def test_a_browser_sees_the_401_if_cors_is_outside_the_guard(issuers: Issuers) -> None:
    cors = Middleware(CORSMiddleware, allow_origins=["https://app.example"])
    guard = Middleware(AuthMiddleware, issuer=issuers.home.issuer)
    for middleware, seen in (([cors, guard], "https://app.example"), ([guard, cors], None)):
        app = Starlette(routes=[Route("/me", _me)], middleware=middleware)
        origin = Request("/me", (("Origin", "https://app.example"),))
        refused = asyncio.run(call_asgi(app, origin))
        assert (refused.status, refused.header("access-control-allow-origin")) == (401, seen)
