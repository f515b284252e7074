"""A Starlette application with the guard among its middleware."""

from __future__ import annotations

from typing import TYPE_CHECKING

import starlette.requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.adapters.application import METHODS, respond_async
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = Starlette(
        routes=[Route("/{rest:path}", _endpoint, methods=METHODS)],
        middleware=[Middleware(AuthMiddleware, **options)],
    )

    async def call(request: Request) -> Response:
        return await call_asgi(app, request)

    return call


async def _endpoint(request: starlette.requests.Request) -> StreamingResponse:
    chunks = await respond_async(request.scope["path"], request.state.auth)
    return StreamingResponse(chunks, media_type="application/json")
