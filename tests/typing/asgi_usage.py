"""Guarding ASGI applications."""

from __future__ import annotations

from typing import Any

from asgiref.typing import ASGI3Application
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from torii_backend import Verifier
from torii_backend.asgi import AsgiOptions, AuthMiddleware


async def me(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["torii.auth"].user_id.encode()})


def typed(app: ASGI3Application) -> AuthMiddleware:
    return AuthMiddleware(app, leeway=5)


guarded = AuthMiddleware(me, issuer=("https://a.example", "https://b.example"))
AuthMiddleware(guarded, verifier=Verifier(), required=False)
AuthMiddleware(FastAPI(), on_error=lambda _: None)

starlette = Starlette(middleware=[Middleware(AuthMiddleware, issuer="https://acme.torii.so")])
starlette.add_middleware(AuthMiddleware, issuer="https://acme.torii.so", exempt=["/health"])
starlette.add_middleware(AuthMiddleware, isuer="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

AuthMiddleware(
    me,
    query_parameter="access_token",
    allowed_origins=["https://app.example"],
    close_on_expiry=True,
    role={"admin"},
)
starlette.add_middleware(AuthMiddleware, allowed_origins=None, close_on_expiry=False)
settings: AsgiOptions = {"issuer": "https://acme.torii.so", "close_on_expiry": True}
AuthMiddleware(me, **settings)
WebSocketRoute("/ws", FastAPI(), middleware=[Middleware(AuthMiddleware, close_on_expiry=True)])
AuthMiddleware(me, close_on_expiry="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AuthMiddleware(me, allowed_origins=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AuthMiddleware(me, query_parameter=b"token")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

AuthMiddleware()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
AuthMiddleware(me, isuer="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
AuthMiddleware("app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
