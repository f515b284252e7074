"""WebSocketGuard: what the middleware does with a WebSocket."""

from __future__ import annotations

from functools import partial

from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.websocket import WebSocketRequest
from torii_backend.asgi.expiry import ExpiringWebSocket
from torii_backend.asgi.protocol import (
    Application,
    Message,
    Receive,
    Scope,
    Send,
    scope_with_auth,
    send_response,
)
from torii_backend.asgi.websocket_options import AsgiSettings
from torii_backend.errors import PermissionDenied, ToriiAuthError


class WebSocketGuard:
    """Requires sign-in for every WebSocket of an application."""

    def __init__(self, app: Application, settings: AsgiSettings) -> None:
        self._app = app
        self._authenticator = settings.authenticator
        self._query_parameter = settings.query_parameter
        self._origins = settings.allowed_origins
        self._close_on_expiry = settings.close_on_expiry

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        request = WebSocketRequest(scope, self._query_parameter)
        clean = request.scope_without_token()
        if "query_string" in clean:
            # In the server's own scope, from which some servers write their access log.
            scope["query_string"] = clean["query_string"]
        try:
            self._check_origin(request)
            auth = await self._authenticator.authenticate_async(request)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, request)
            await send_response(response, scope, receive, send)
            return

        async def send_with_subprotocol(message: Message) -> None:
            await send(request.with_subprotocol(message))

        inner = scope_with_auth(auth, {**scope, **clean})
        token = bind_auth(auth)
        try:
            if auth is None or not self._close_on_expiry:
                await self._app(inner, receive, send_with_subprotocol)
            else:
                seconds_left = partial(self._authenticator.seconds_left, auth)
                websocket = ExpiringWebSocket(receive, send_with_subprotocol, seconds_left)
                await websocket.serve(self._app, inner)
        finally:
            unbind_auth(token)

    def _check_origin(self, request: WebSocketRequest) -> None:
        if self._origins is None:
            return
        if not self._origins.issuperset(map(str.lower, request.getlist("origin"))):
            raise PermissionDenied("Pages from this origin can't open a WebSocket here.")
