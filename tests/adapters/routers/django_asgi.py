"""Django's router, under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.adapters.django_project import MIDDLEWARE, asgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.routers import mounted_asgi
from tests.adapters.routers.django_wsgi import ROUTES
from tests.adapters.transport import AsyncCall, call_asgi

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    torii = {name.upper(): value for name, value in options.items()}
    handler = asgi_handler_of(ROUTES, MIDDLEWARE=[MIDDLEWARE], TORII=torii)

    async def call(request: Request) -> Response:
        return await call_asgi(mounted_asgi(handler), request)

    return call
