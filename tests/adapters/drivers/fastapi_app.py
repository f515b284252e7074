"""A FastAPI application with the guard among the dependencies of all its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fastapi
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

from tests.adapters.application import METHODS, respond_async
from tests.adapters.fastapi_envelope import enveloped
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.fastapi import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions

envelope = enveloped


def build(options: GuardOptions) -> AsyncCall:
    app = FastAPI(openapi_url=None, dependencies=[Depends(require_auth(**options))])

    @app.api_route("/{rest:path}", methods=list(METHODS))
    async def endpoint(request: fastapi.Request) -> StreamingResponse:
        chunks = await respond_async(request.scope["path"], request.state.auth)
        return StreamingResponse(chunks, media_type="application/json")

    async def call(request: Request) -> Response:
        return await call_asgi(app, request)

    return call
