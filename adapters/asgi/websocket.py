"""WebSocketGuard: what the middleware does with a WebSocket."""

from __future__ import annotations

from functools import partial

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.websocket import WebSocketRequest
from torii_backend.asgi.expiry import ExpiringSocket
from torii_backend.asgi.options import AsgiOptions, checked_origins, checked_parameter
from torii_backend.asgi.protocol import (
    Application,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    scope_with,
)
from torii_backend.errors import PermissionDenied, ToriiAuthError
from torii_backend.settings import require_bool


class WebSocketGuard:
    """Lets only authenticated WebSockets through to `app`.

    Args:
        app: the ASGI 3 application to guard.
        authenticator: judges the credentials.
        options: the options of the middleware.

    Raises:
        ConfigurationError: an option for WebSockets is wrong.
    """

    def __init__(
        self, app: Application, authenticator: Authenticator, options: AsgiOptions
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._query_parameter = checked_parameter(options.get("query_parameter"))
        self._origins = checked_origins(options.get("allowed_origins"))
        self._close_on_expiry = require_bool(
            options.get("close_on_expiry", False), "close_on_expiry"
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        handshake = WebSocketRequest(scope, self._query_parameter)
        clean = handshake.scope_without_token()
        if "query_string" in clean:
            # In the server's own scope, from which some servers write their access log.
            scope["query_string"] = clean["query_string"]
        try:
            self._check_origin(handshake)
            auth = await self._authenticator.authenticate_async(handshake)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, handshake)
            await answer(response, scope, receive, send)
            return

        async def send_answered(message: Message) -> None:
            await send(handshake.with_subprotocol(message))

        inner = scope_with(auth, {**scope, **clean})
        token = bind_auth(auth)
        try:
            if auth is None or not self._close_on_expiry:
                await self._app(inner, receive, send_answered)
            else:
                seconds_left = partial(self._authenticator.seconds_left, auth)
                socket = ExpiringSocket(receive, send_answered, seconds_left)
                await socket.serve(self._app, inner)
        finally:
            unbind_auth(token)

    def _check_origin(self, handshake: WebSocketRequest) -> None:
        if self._origins is None:
            return
        if not self._origins.issuperset(map(str.lower, handshake.getlist("origin"))):
            raise PermissionDenied("Pages from this origin can't open a WebSocket here.")
