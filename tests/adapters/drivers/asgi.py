"""A bare ASGI application behind `torii_backend.asgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.adapters import bare
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    guarded = AuthMiddleware(bare.asgi, **options)

    async def call(request: Request) -> Response:
        return await call_asgi(guarded, request)

    return call
