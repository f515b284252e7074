"""Litestar's router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Litestar, get

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_asgi
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = AuthMiddleware(Litestar([_me, _public], openapi_config=None), **options)

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(app), request)

    return call


@get("/me")
async def _me() -> bytes:
    return SECRET


@get(["/health", "/public/{rest:path}"])
async def _public() -> bytes:
    return OPEN
