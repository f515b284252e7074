"""A sync FastAPI endpoint that takes the Auth as a parameter."""

# No `from __future__ import annotations`: FastAPI could not resolve `guard` from a string.
from typing import Annotated, Optional

import fastapi
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

from tests.adapters.application import METHODS, respond
from tests.adapters.fastapi_envelope import enveloped
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend import Auth
from torii_backend._guard.options import GuardOptions
from torii_backend.fastapi import require_auth

envelope = enveloped


def build(options: GuardOptions) -> AsyncCall:
    guard = require_auth(**options)
    app = FastAPI(openapi_url=None)

    @app.api_route("/{rest:path}", methods=list(METHODS))
    def endpoint(
        request: fastapi.Request, auth: Annotated[Optional[Auth], Depends(guard)]
    ) -> StreamingResponse:
        chunks = respond(request.scope["path"], auth, request.state.auth)
        return StreamingResponse(chunks, media_type="application/json")

    async def call(request: Request) -> Response:
        return await call_asgi(app, request)

    return call
