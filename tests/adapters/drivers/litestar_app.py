"""A Litestar application behind `torii_backend.asgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import litestar
from litestar import Litestar, route
from litestar.enums import HttpMethod, MediaType
from litestar.response import Stream

from tests.adapters.application import METHODS, respond_async
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = AuthMiddleware(Litestar([_view], openapi_config=None), **options)

    async def call(request: Request) -> Response:
        return await call_asgi(app, request)

    return call


@route(
    ["/", "/{rest:path}"], http_method=[HttpMethod(method) for method in METHODS], status_code=200
)
async def _view(request: litestar.Request[Any, Any, Any]) -> Stream:
    chunks = await respond_async(request.scope["path"], request.state.auth)
    return Stream(chunks, media_type=MediaType.JSON)
