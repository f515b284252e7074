"""AuthMiddleware: requires sign-in for every request and WebSocket of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.options import shows_options
from torii_backend._guard.request import ASGIRequest
from torii_backend.asgi.protocol import (
    Application,
    Receive,
    Scope,
    Send,
    scope_with_auth,
    send_response,
    send_with_vary,
)
from torii_backend.asgi.websocket import WebSocketGuard
from torii_backend.asgi.websocket_options import AsgiOptions, AsgiSettings
from torii_backend.errors import ToriiAuthError

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AuthMiddleware:
    """ASGI middleware that requires sign-in for every request and WebSocket of `app`.

    When the server starts up (`lifespan`), it starts to fetch the keys without waiting for them.

    Args:
        app: the ASGI 3 application to guard.
        options: the keywords of `AsgiOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    @shows_options(AsgiOptions, query_parameter=None, allowed_origins=None, close_on_expiry=False)
    def __init__(self, app: Application, **options: Unpack[AsgiOptions]) -> None:
        settings = AsgiSettings(**options)
        self._app = app
        self._authenticator = settings.authenticator
        self._websockets = WebSocketGuard(app, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket. Other scopes pass through untouched."""
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        request = ASGIRequest(scope)
        try:
            auth = await self._authenticator.authenticate_async(request)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, request)
            varying = send_with_vary(self._authenticator.vary, send)
            await send_response(response, scope, receive, varying)
            return
        if self._authenticator.varies(auth, request):
            send = send_with_vary(self._authenticator.vary, send)
        token = bind_auth(auth)
        try:
            await self._app(scope_with_auth(auth, scope), receive, send)
        finally:
            unbind_auth(token)

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websockets.serve(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            self._authenticator.prefetch()
        await self._app(scope, receive, send)
