"""An ASGI application of Falcon's behind `torii_backend.asgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import falcon.asgi

from tests.adapters.application import respond_async
from tests.adapters.messages import Request, Response
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = falcon.asgi.App()
    app.add_sink(_sink)
    guarded = AuthMiddleware(app, **options)

    async def call(request: Request) -> Response:
        return await call_asgi(guarded, request)

    return call


async def _sink(req: falcon.asgi.Request, resp: Optional[falcon.asgi.Response], **_: Any) -> None:
    assert resp is not None
    injected = (req.scope["torii.auth"], req.scope["state"]["auth"])
    resp.stream = await respond_async(req.path, *injected)
