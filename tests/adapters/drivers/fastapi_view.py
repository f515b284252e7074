"""A sync FastAPI endpoint that takes the Auth as a parameter."""

# No `from __future__ import annotations`: FastAPI could not resolve `guard` from a string.
from typing import TYPE_CHECKING, Annotated, Optional

import fastapi
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

from tests.adapters.application import METHODS, respond
from tests.adapters.fastapi_envelope import enveloped
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend import Auth
from torii_backend.fastapi import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import AuthOptions

envelope = enveloped


def build(options: "AuthOptions") -> AsyncCall:
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
