"""AuthMiddleware: lets only authenticated requests and WebSockets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.request import ASGIRequest
from torii_backend.asgi.options import AsgiOptions, auth_options
from torii_backend.asgi.protocol import Application, Receive, Scope, Send, answer, scope_with
from torii_backend.asgi.websocket import WebSocketGuard
from torii_backend.errors import ToriiAuthError

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AuthMiddleware:
    """ASGI middleware that lets only authenticated requests and WebSockets through to `app`.

    When the server starts up (`lifespan`), it starts to fetch the keys; nothing waits for them.

    Args:
        app: the ASGI 3 application to guard.
        options: the keywords of `AsgiOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(self, app: Application, **options: Unpack[AsgiOptions]) -> None:
        self._app = app
        self._authenticator = Authenticator(**auth_options(options))
        self._websockets = WebSocketGuard(app, self._authenticator, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket; other scopes pass through untouched."""
        if scope["type"] != "http":
            await self._pass(scope, receive, send)
            return
        request = ASGIRequest(scope)
        try:
            auth = await self._authenticator.authenticate_async(request)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, request)
            await answer(response, scope, receive, send)
            return
        token = bind_auth(auth)
        try:
            await self._app(scope_with(auth, scope), receive, send)
        finally:
            unbind_auth(token)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websockets.serve(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            self._authenticator.prefetch()
        await self._app(scope, receive, send)
