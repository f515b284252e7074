"""FastAPI: Starlette's router, with the guard behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fastapi
from fastapi import Depends, FastAPI

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_asgi
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.fastapi import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = FastAPI(openapi_url=None, dependencies=[Depends(require_auth(**options))])

    @app.get("/me")
    async def me() -> fastapi.Response:
        return fastapi.Response(SECRET)

    @app.get("/health")
    @app.get("/public/{rest:path}")
    async def public() -> fastapi.Response:
        return fastapi.Response(OPEN)

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(app), request)

    return call
