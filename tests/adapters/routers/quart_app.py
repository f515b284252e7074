"""Quart: Werkzeug's router, under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Quart

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_asgi
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = Quart("routed", static_folder=None)
    app.asgi_app = AuthMiddleware(app.asgi_app, **options)  # type: ignore[assignment,method-assign]

    @app.route("/me")
    async def me() -> bytes:
        return SECRET

    @app.route("/health", defaults={"rest": ""})
    @app.route("/public/<path:rest>")
    async def public(rest: str) -> bytes:
        return OPEN

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(app), request)

    return call
