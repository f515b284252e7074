"""`auth_as` through the test clients of the frameworks, which call the app in many ways."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Annotated, Any, Callable, Optional
from wsgiref.simple_server import WSGIRequestHandler, make_server

import flask
import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from torii_backend import Auth, Verifier, current_auth
from torii_backend.asgi import AuthMiddleware
from torii_backend.django import require_auth as django_require_auth
from torii_backend.fastapi import require_auth
from torii_backend.flask import Torii
from torii_backend.testing import auth_as, refused, signed_out

from .django_project import MIDDLEWARE

# Nothing can be fetched from here.
ISSUER = "https://tenant.invalid"


def _fastapi(**options: Any) -> FastAPI:
    """Return an application that asks for sign-in in plain and async routes, and in a WebSocket."""
    guard = require_auth(issuer=ISSUER, **options)
    app = FastAPI()

    @app.get("/plain")
    def plain(auth: Annotated[Auth, Depends(guard)]) -> str:
        assert auth is current_auth()
        return auth.user_id

    @app.get("/async")
    async def asynchronous(auth: Annotated[Auth, Depends(guard)]) -> str:
        assert auth is current_auth()
        return auth.user_id

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, auth: Annotated[Auth, Depends(guard)]) -> None:
        await websocket.accept()
        await websocket.send_text(auth.user_id)
        await websocket.close()

    return app


def _asgi(**options: Any) -> AuthMiddleware:
    """Return an application with routes and a WebSocket, inside of the middleware."""
    app = FastAPI()

    @app.get("/plain")
    def plain() -> str:
        return _user()

    @app.get("/async")
    async def asynchronous() -> str:
        return _user()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(_user())
        await websocket.close()

    return AuthMiddleware(app, issuer=ISSUER, **options)


def _user() -> str:
    auth = current_auth()
    assert auth is not None
    return auth.user_id


def _said(client: TestClient, path: str = "/ws", **options: Any) -> str:
    with client.websocket_connect(path, **options) as websocket:
        return websocket.receive_text()


@pytest.fixture(params=[_fastapi, _asgi])
def build(request: pytest.FixtureRequest) -> Callable[..., Any]:
    function: Callable[..., Any] = request.param
    return function


@pytest.mark.parametrize("starts_up", [None, "before", "within"])
def test_the_client_of_starlette(build: Callable[..., Any], starts_up: Optional[str]) -> None:
    """It calls the app in a thread, which it may have started before the block."""
    client = TestClient(build(role="admin"))
    with ExitStack() as stack:
        if starts_up == "before":
            stack.enter_context(client)
        with auth_as("ada", role="admin"):
            if starts_up == "within":
                stack.enter_context(client)
            for path in ("/plain", "/async"):
                assert client.get(path).json() == "ada"
            assert _said(client) == "ada"
        with auth_as("bob"):
            assert client.get("/plain").status_code == 403
        with refused("expired"):
            response = client.get("/async")
        assert (response.status_code, "expired" in response.text) == (401, True)
        assert client.get("/plain").status_code == 401


def test_the_client_of_starlette_on_trio() -> None:
    with TestClient(_fastapi(), backend="trio") as client, auth_as("ada"):
        assert client.get("/async").json() == "ada"


def test_a_websocket_is_refused(build: Callable[..., Any]) -> None:
    client = TestClient(build())
    for block in (refused("expired"), signed_out()):
        with auth_as("ada"), block, pytest.raises(WebSocketDisconnect) as raised:
            _said(client)
        assert getattr(raised.value, "status_code", 401) == 401


@pytest.mark.parametrize("offers", [["torii", "torii.bearer.x.y.z"], ["torii.bearer.x"]])
def test_a_websocket_with_a_token_is_judged_by_it(
    build: Callable[..., Any], offers: list[str]
) -> None:
    client = TestClient(build())
    with auth_as("ada"):
        for options in ({"subprotocols": offers}, {"headers": {"Authorization": "Bearer x"}}):
            with pytest.raises(WebSocketDisconnect):
                _said(client, **options)
        assert _said(client, subprotocols=["torii"]) == "ada"


def test_a_token_in_the_query_is_judged() -> None:
    client = TestClient(_asgi(query_parameter="token", query_parameter_paths=["/plain"]))
    with auth_as("ada"):
        assert _said(client, "/ws?other=x") == client.get("/plain").json() == "ada"
        assert client.get("/plain?token=x").status_code == 401
        with pytest.raises(WebSocketDisconnect):
            _said(client, "/ws?token=x")


@pytest.mark.parametrize("kind", ["token", "connection_init"])
def test_a_websocket_needs_no_first_message(kind: str) -> None:
    client = TestClient(_asgi(first_message=kind, allowed_origins=["https://app.example"]))
    mine, foreign = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
    with auth_as("ada"):
        assert _said(client, headers=mine) == "ada"
        with pytest.raises(WebSocketDisconnect):
            _said(client, headers=foreign)
        with signed_out(), client.websocket_connect("/ws", headers=mine) as websocket:
            websocket.send_text("x")
            assert websocket.receive()["code"] in (3000, 4401)


def test_a_websocket_ends_when_the_token_would() -> None:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()

    client = TestClient(AuthMiddleware(app, issuer=ISSUER, leeway=0, close_on_expiry=True))
    # On a slow machine, the token may expire before the socket is accepted.
    closed = pytest.raises(WebSocketDisconnect)
    with auth_as("ada", expires_in=1), closed as caught, client.websocket_connect("/ws") as talking:
        talking.receive_text()
    assert (caught.value.code, caught.value.reason) == (3000, "The access token has expired.")


def test_the_client_of_httpx(build: Callable[..., Any]) -> None:
    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(build())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            with auth_as("ada"):
                both = await asyncio.gather(client.get("/plain"), client.get("/async"))
            return [response.json() for response in both] + [
                (await client.get("/plain")).status_code
            ]

    assert asyncio.run(ask()) == ["ada", "ada", 401]


def test_the_communicator_of_asgiref(build: Callable[..., Any]) -> None:
    """It calls the app in an empty context, as those of Channels do."""

    async def said() -> list[Any]:
        scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": []}
        communicate: Any = ApplicationCommunicator
        socket = communicate(auth_as("ada")(build()), scope)
        await socket.send_input({"type": "websocket.connect"})
        return [await socket.receive_output(timeout=30) for _ in range(3)]

    accepted, sent, closed = asyncio.run(said())
    assert accepted["type"] == "websocket.accept"
    assert (sent["text"], closed["code"]) == ("ada", 1000)


def test_nothing_is_fetched_when_the_app_starts_within_a_block() -> None:
    verifier = Verifier(ISSUER)
    with auth_as("ada"), TestClient(AuthMiddleware(FastAPI(), verifier=verifier)):
        pass
    assert verifier.stats().fetches == 0


def _flask() -> flask.Flask:
    app = flask.Flask("guarded")
    Torii(app, issuer=ISSUER)

    @app.get("/plain")
    def plain() -> str:
        assert flask.g.auth is current_auth()
        return _user()

    @app.get("/async")
    def nested() -> str:
        return app.test_client().get("/plain").text

    return app


def test_the_client_of_flask() -> None:
    client = _flask().test_client()
    with auth_as("ada"):
        assert client.get("/plain").text == client.get("/async").text == "ada"
    assert client.get("/plain").status_code == 401


@pytest.fixture
def port() -> Iterator[int]:
    """Serve the application of Flask in a thread, as live servers do."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with make_server("127.0.0.1", 0, _flask(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_live_server_needs_a_real_token(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    with auth_as("ada"):
        connection.request("GET", "/plain")
        assert connection.getresponse().status == 401
    connection.close()


def _me(request: HttpRequest) -> JsonResponse:
    auth: Auth = request.auth  # type: ignore[attr-defined]
    assert auth is current_auth()
    user: Any = request.user
    return JsonResponse({"user": auth.user_id, "resolved": getattr(user, "name", None)})


async def _async_me(request: HttpRequest) -> JsonResponse:
    user: Any = await request.auser()
    assert user is request.user
    return _me(request)


class _User:
    is_active = True

    def __init__(self, auth: Auth) -> None:
        self.name = f"user {auth.user_id}"


URLS = (
    path("plain", _me),
    path("async", _async_me),
    path("admin", django_require_auth(role="admin")(_me)),
)


@pytest.fixture
def project() -> Iterator[None]:
    torii = {"ISSUER": ISSUER, "USER_RESOLVER": _User}
    with override_settings(ROOT_URLCONF=URLS, MIDDLEWARE=[MIDDLEWARE], TORII=torii):
        yield


@pytest.mark.usefixtures("project")
def test_the_clients_of_django() -> None:
    expected = {"user": "ada", "resolved": "user ada"}
    with auth_as("ada", role="admin"):
        for target in ("/plain", "/async", "/admin"):
            assert Client().get(target).json() == expected
            assert Client(enforce_csrf_checks=True).get(target).json() == expected
            assert asyncio.run(_asked(target)) == expected
    with auth_as("ada"):
        assert Client().get("/admin").status_code == 403
    assert Client().get("/plain").status_code == 401


async def _asked(target: str) -> Any:
    response = await AsyncClient().get(target)
    return response.json()
