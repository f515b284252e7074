"""`first_message`: a WebSocket may carry its token in its first message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from torii_backend import ConfigurationError, current_auth
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers
from .jumping import JumpingClock, run_jumping
from .messages import Request, bearer
from .websocket import Messages, WebSocketExchange, call_websocket, websocket_scope

ACCEPT: dict[str, Any] = {"type": "websocket.accept", "subprotocol": None, "headers": []}


class Echo:
    """Accepts, and sends back who is there and the first message that it gets."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept", "subprotocol": "ignored"})
        auth = current_auth()
        assert auth is scope["torii.auth"] and auth is not None
        await send({"type": "websocket.send", "text": auth.user_id})
        await send({"type": "websocket.send", "text": (await receive())["text"]})
        await send({"type": "websocket.close", "code": 1000})


def _init(authorization: Any, name: str = "Authorization", kind: str = "connection_init") -> str:
    return json.dumps({"type": kind, "payload": {name: authorization, "locale": "en"}})


def _texts(sent: Messages) -> list[str]:
    return [message["text"] for message in sent if message["type"] == "websocket.send"]


def test_the_first_message_may_be_the_token(issuers: Issuers) -> None:
    app, token = Echo(), issuers.token()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, first_message="token")
    sent = call_websocket(guarded, websocket_scope(Request()), token, "hello")
    assert sent[0] == ACCEPT
    assert _texts(sent) == ["ada", "hello"]
    assert token not in repr((sent, app.scopes))


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
@pytest.mark.parametrize("protocol", ["graphql-transport-ws", "graphql-ws"])
def test_a_graphql_client_sends_its_token_on_connection(
    issuers: Issuers, name: str, protocol: str
) -> None:
    app, token = Echo(), issuers.token()
    inner = AuthMiddleware(app, issuer=issuers.home.issuer)
    guarded = AuthMiddleware(inner, issuer=issuers.home.issuer, first_message="connection_init")
    scope = websocket_scope(Request(), "other", protocol)
    sent = call_websocket(guarded, scope, _init(f"Bearer {token}", name))
    assert sent[0] == {**ACCEPT, "subprotocol": protocol}
    assert _texts(sent)[0] == "ada"
    assert json.loads(_texts(sent)[1]) == {"type": "connection_init", "payload": {"locale": "en"}}
    assert token not in repr((sent, app.scopes))


def test_a_token_elsewhere_needs_no_first_message(issuers: Issuers) -> None:
    guarded = AuthMiddleware(Echo(), issuer=issuers.home.issuer, first_message="token")
    sent = call_websocket(guarded, websocket_scope(bearer(issuers.token()), "torii"), "hello")
    assert _texts(sent) == ["ada", "hello"]


@pytest.mark.parametrize(
    ("kind", "text", "code", "reason"),
    [
        ("token", "x.y.z", 3000, "malformed"),
        ("token", "two tokens", 1008, "invalid_request"),
        ("token", "", 3000, "missing_credentials"),
        ("token", "x" * 65537, 3000, "missing_credentials"),
        ("connection_init", "{}", 4401, "missing_credentials"),
        ("connection_init", "[" * 9000, 4401, "missing_credentials"),
        ("connection_init", _init(None), 4401, "missing_credentials"),
        ("connection_init", _init(["Bearer x.y.z"]), 4401, "missing_credentials"),
        ("connection_init", _init("Basic eA=="), 4401, "missing_credentials"),
        ("connection_init", _init("Bearer x.y.z", kind="subscribe"), 4401, "missing_credentials"),
        ("connection_init", _init("Bearer x.y.z"), 4401, "malformed"),
    ],
)
def test_a_bad_first_message_closes_the_websocket(
    issuer: str, kind: Any, text: str, code: int, reason: str
) -> None:
    app = Echo()
    guarded = AuthMiddleware(app, issuer=issuer, first_message=kind)
    sent = call_websocket(guarded, websocket_scope(Request()), text)
    assert sent == [ACCEPT, {"type": "websocket.close", "code": code, "reason": reason}]
    assert app.scopes == []


@pytest.mark.parametrize(("kind", "code"), [("token", 3003), ("connection_init", 4403)])
def test_the_policy_holds_for_the_first_message(issuers: Issuers, kind: Any, code: int) -> None:
    app, token = Echo(), issuers.token()
    options: Any = {"organization": "org_9", "first_message": kind}
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, **options)
    text = token if kind == "token" else _init(f"Bearer {token}")
    sent = call_websocket(guarded, websocket_scope(Request()), text)
    assert (sent[1]["code"], sent[1]["reason"]) == (code, "organization")
    assert app.scopes == []


@pytest.mark.parametrize("leaves", [True, False])
def test_a_client_that_sends_nothing_is_not_waited_for(issuer: str, leaves: bool) -> None:
    app, clock = Echo(), JumpingClock()
    guarded = AuthMiddleware(app, issuer=issuer, first_message="token")

    async def run() -> Messages:
        exchange: Any = WebSocketExchange()
        if leaves:
            exchange.hang_up()
        await guarded(websocket_scope(Request()), exchange.receive, exchange.send)
        sent: Messages = exchange.sent
        return sent

    assert run_jumping(clock, run())[0] == ACCEPT
    assert app.scopes == []


def test_an_application_that_refuses_closes_the_websocket(issuers: Issuers) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["extensions"] == {}
        await send({"type": "websocket.close", "code": 1008})

    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, first_message="token")
    sent = call_websocket(guarded, websocket_scope(Request()), issuers.token())
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first_message": "jwt"}, "first_message must be 'token'"),
        ({"first_message": True}, "first_message must be 'token'"),
        ({"first_message": "token", "required": False}, "needs required=True"),
    ],
)
def test_wrong_settings_are_found_when_the_guard_is_made(
    issuer: str, options: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuthMiddleware(Echo(), issuer=issuer, **options)
