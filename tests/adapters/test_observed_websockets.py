"""Refusals of WebSockets are reported as such, whoever refuses them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI, WebSocket

from tests.support.observed import observed, refusals_logged
from torii_backend import Auth, PermissionDenied, ToriiAuthError
from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import require_auth
from torii_backend.observing import Admitted, Refused

from .issuers import Issuers
from .messages import Request, bearer
from .websocket import call_websocket, websocket_scope


def _middleware(issuer: str, **options: Any) -> Any:
    async def deny(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        raise PermissionDenied("No.")

    return AuthMiddleware(deny, issuer=issuer, **options)


def _fastapi(issuer: str, **options: Any) -> Any:
    app = FastAPI()

    @app.websocket("/ws", dependencies=[Depends(require_auth(issuer=issuer, **options))])
    async def deny(websocket: WebSocket) -> None:
        raise PermissionDenied("No.")

    return app


@pytest.mark.parametrize("build", [_middleware, _fastapi], ids=["asgi", "fastapi"])
def test_each_refusal_is_reported_once(issuers: Issuers, build: Any) -> None:
    denied: list[Any] = []

    def listen(refusal: ToriiAuthError) -> None:
        denied.append(getattr(refusal, "auth", None))

    app = build(issuers.home.issuer, on_error=listen)
    with refusals_logged() as lines, observed(Refused, Admitted) as heard:
        for request in (Request("/ws"), bearer("a.b.c", "/ws"), bearer(issuers.token(), "/ws")):
            call_websocket(app, websocket_scope(request))
    assert lines == [
        "DEBUG refused: missing_credentials 401 GET websocket",
        "INFO refused: malformed 401 GET websocket",
        "INFO refused: permission_denied 403 GET websocket",
    ]
    assert [type(event) for event in heard.events] == [Refused, Refused, Admitted, Refused]
    assert denied[:2] == [None, None]
    assert isinstance(denied[2], Auth) and denied[2].user_id == "ada"


def test_a_token_in_the_first_message_is_refused_after_all(issuers: Issuers) -> None:
    app = _middleware(issuers.home.issuer, first_message="token")
    with observed(Refused) as heard:
        call_websocket(app, websocket_scope(Request()), "a.b.c")
    assert heard.events == [Refused("malformed", 401, "websocket", "GET")]
