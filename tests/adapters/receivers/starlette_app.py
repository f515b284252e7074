"""A Starlette application with the guard among its middleware."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware

from tests.adapters.delivery import Serve, serve_asgi
from torii_backend import Events
from torii_backend.asgi import AuthMiddleware, EventReceiver

ISSUER = "https://acme.torii.so"


def build(events: Events, *, consumed: bool = False) -> Serve:
    app = Starlette()
    app.add_route("/torii/events", EventReceiver(events))  # type: ignore[arg-type]
    app.add_middleware(AuthMiddleware, issuer=ISSUER, exempt=["/torii/events"])
    if consumed:
        app.add_middleware(BaseHTTPMiddleware, dispatch=read_all)
    return serve_asgi(app)


async def read_all(request: Any, call_next: Any) -> Any:
    """Read the body of each request."""
    async for _ in request.stream():
        pass
    return await call_next(request)
