"""A Quart application whose ASGI side is wrapped by `torii_backend.asgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quart import Quart, Response, request

from tests.adapters import messages
from tests.adapters.application import METHODS, respond_async
from tests.adapters.transport import AsyncCall, call_asgi
from torii_backend.asgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    app = Quart("guarded", static_folder=None)
    app.asgi_app = AuthMiddleware(app.asgi_app, **options)  # type: ignore[assignment,method-assign]

    @app.route("/", defaults={"rest": ""}, methods=METHODS)
    @app.route("/<path:rest>", methods=METHODS)
    async def view(rest: str) -> Response:
        scope: Any = request.scope
        injected = (scope["torii.auth"], scope["state"]["auth"])
        return Response(await respond_async(request.path, *injected), mimetype="application/json")

    async def call(request: messages.Request) -> messages.Response:
        return await call_asgi(app, request)

    return call
