"""An async Django view guarded by `@require_auth`, under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.adapters.django_project import asgi_handler, async_view
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.django import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    handler = asgi_handler(require_auth(**options)(async_view))

    async def call(request: Request) -> Response:
        return await call_asgi(handler, request)

    return call
