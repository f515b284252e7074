"""Starlette's router, with the guard in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_asgi
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    routes = [
        Route("/me", _me),
        Route("/health", _public),
        Route("/public/{rest:path}", _public),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(AuthMiddleware, **options)])

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(app), request)

    return call


async def _me(request: StarletteRequest) -> StarletteResponse:
    return StarletteResponse(SECRET)


async def _public(request: StarletteRequest) -> StarletteResponse:
    return StarletteResponse(OPEN)
