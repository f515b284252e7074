"""The dependency on WebSocket routes."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import json
from typing import Annotated, Any, Optional

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, WebSocket

from torii_backend import Auth, ToriiAuthError, current_auth
from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import RequireAuth, optional_auth, require_auth

from .fastapi_envelope import enveloped
from .issuers import Issuers
from .messages import Request, bearer
from .refusals import REFUSALS
from .websocket import Messages, call_websocket, greeted, websocket_scope


@pytest.fixture
def guard(issuer: str) -> RequireAuth[Auth]:
    return require_auth(issuer=issuer)


def _app(guard: RequireAuth[Any], subprotocol: Optional[str] = None) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, auth: Annotated[Optional[Auth], Depends(guard)]) -> None:
        assert auth is websocket.state.auth is current_auth()
        await websocket.accept(subprotocol)
        await websocket.send_text(auth.user_id if auth else "nobody")
        await websocket.close()

    return app


def _offer(token: str, *offers: str, answers: bool = True) -> dict[str, Any]:
    offers = (*offers, f"torii.bearer.{token}")
    return websocket_scope(Request("/ws"), *offers, answers=answers)


def test_the_token_comes_in_the_header_or_as_a_subprotocol(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    token, app = issuers.token(), _app(guard)
    in_header = websocket_scope(bearer(token, "/ws"))
    assert greeted(call_websocket(app, in_header)) == (None, "ada")
    sent = call_websocket(app, _offer(token, "torii"))
    assert greeted(sent) == ("torii", "ada")
    assert token not in repr(sent)


def test_a_subprotocol_works_beside_a_header_with_the_token_alone(
    issuers: Issuers, issuer: str
) -> None:
    token, app = issuers.token(), _app(require_auth(issuer=issuer, header="x-token", scheme=None))
    in_header = websocket_scope(Request("/ws", (("x-token", token),)))
    assert greeted(call_websocket(app, in_header)) == (None, "ada")
    assert greeted(call_websocket(app, _offer(token, "torii"))) == ("torii", "ada")


def test_the_route_selects_its_own_subprotocol_but_never_the_token(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    token = issuers.token()
    chatting = call_websocket(_app(guard, "chat"), _offer(token, "chat", "torii"))
    assert greeted(chatting) == ("chat", "ada")
    careless = _app(guard, f"torii.bearer.{token}")
    assert greeted(call_websocket(careless, _offer(token, "torii"))) == ("torii", "ada")
    assert greeted(call_websocket(careless, _offer(token))) == (None, "ada")


def test_the_route_does_not_see_the_token(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    app = FastAPI()
    seen: list[Any] = []

    def read(sec_websocket_protocol: Annotated[str, Header()]) -> None:
        """Read the headers before the guard does."""

    @app.websocket("/ws", dependencies=[Depends(read), Depends(guard)])
    async def talk(websocket: WebSocket) -> None:
        seen.append(websocket.headers["sec-websocket-protocol"])
        seen.append(websocket.scope["subprotocols"])
        seen.append(dict(websocket.scope["headers"])[b"sec-websocket-protocol"])
        await websocket.accept()

    assert call_websocket(app, _offer(issuers.token(), "torii", "chat"))
    assert seen == ["torii, chat", ["torii", "chat"], b"torii, chat"]


@pytest.mark.parametrize("answers", [True, False])
def test_a_refusal_comes_before_the_websocket_is_accepted(
    issuers: Issuers, issuer: str, answers: bool
) -> None:
    refusals: list[ToriiAuthError] = []
    app = _app(require_auth(issuer=issuer, on_error=refusals.append))
    token = issuers.token(expires_in=-600)
    for scope, refusal in [
        (websocket_scope(Request("/ws"), answers=answers), "no_credentials"),
        (_offer(token, "torii", answers=answers), "expired"),
        (_offer("", "torii", answers=answers), "malformed_credentials"),
        (_offer(token, f"torii.bearer.{token}", answers=answers), "several_credentials"),
    ]:
        sent = call_websocket(app, scope)
        if not answers:
            assert [(message["type"], message["code"]) for message in sent] == [
                ("websocket.close", 1008)
            ]
            continue
        start, body = sent
        expected = REFUSALS[refusal]
        assert start["type"] == "websocket.http.response.start"
        assert start["status"] == expected.status
        assert dict(start["headers"])[b"www-authenticate"] == (
            str(expected.www_authenticate).encode()
        )
        assert body["body"] == enveloped(expected.body)
    assert len(refusals) == 4


def test_optional_sign_in_gives_none(issuers: Issuers, issuer: str) -> None:
    app = _app(optional_auth(issuer=issuer))
    assert greeted(call_websocket(app, websocket_scope(Request("/ws"), "torii")))[1] == "nobody"
    assert greeted(call_websocket(app, _offer(issuers.token(), "torii")))[1] == "ada"
    assert call_websocket(app, _offer("bad", "torii"))[0]["status"] == 401


def test_several_guards_judge_the_same_token(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    admin = require_auth(issuer=issuers.home.issuer, role="admin")
    router = APIRouter(dependencies=[Depends(guard)])

    @router.websocket("/ws")
    async def talk(websocket: WebSocket, auth: Annotated[Auth, Depends(admin)]) -> None:
        await websocket.accept()
        await websocket.send_text(auth.user_id)
        await websocket.close()

    inner, app = FastAPI(), FastAPI()
    inner.include_router(router)
    app.mount("/shop", AuthMiddleware(inner, issuer=issuers.home.issuer))

    def call(**claims: Any) -> Messages:
        offers = ("torii", f"torii.bearer.{issuers.token(**claims)}")
        return call_websocket(app, websocket_scope(Request("/shop/ws"), *offers))

    assert greeted(call(org_id="org_1", org_role="admin")) == ("torii", "ada")
    start, body = call(org_id="org_1", org_role="member")
    assert (start["status"], json.loads(body["body"])["detail"]["reason"]) == (403, "role")
