"""A bare ASGI application behind `torii_backend.asgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.adapters.application import respond_async
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend.options import AuthOptions


def build(options: AuthOptions) -> AsyncCall:
    guarded = AuthMiddleware(_app, **options)

    async def call(request: Request) -> Response:
        return await call_asgi(guarded, request)

    return call


async def _app(scope: Any, receive: Any, send: Any) -> None:
    chunks = await respond_async(scope["path"], scope["torii.auth"], scope["state"]["auth"])
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})
