"""Falcon's router, under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon.asgi

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_asgi
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = falcon.asgi.App()
    app.add_route("/me", _Resource(SECRET))
    app.add_route("/health", _Resource(OPEN))
    app.add_route("/public/{rest:path}", _Resource(OPEN))
    guarded = AuthMiddleware(app, **options)

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(guarded), request)

    return call


class _Resource:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def on_get(self, _: falcon.asgi.Request, resp: falcon.asgi.Response, **__: Any) -> None:
        resp.data = self._body
