"""WebSocketGuard: what the middleware does with a WebSocket."""

from __future__ import annotations

from typing import Optional

from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.first_message import FirstMessage, close_code
from torii_backend._guard.refusal import with_auth
from torii_backend._guard.websocket import WebSocketRequest
from torii_backend.asgi.expiry import ExpiringWebSocket
from torii_backend.asgi.first_message import OpenedWebSocket
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
from torii_backend.auth import Auth
from torii_backend.errors import MissingCredentials, PermissionDenied, ToriiAuthError


class WebSocketGuard:
    """Requires sign-in for every WebSocket of an application."""

    def __init__(self, app: Application, settings: AsgiSettings) -> None:
        self._app = app
        self._authenticator = settings.authenticator
        self._query_parameter = settings.query_parameter
        self._origins = settings.allowed_origins
        self._token_end = settings.token_end
        self._first_message: Optional[FirstMessage] = settings.first_message

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        request = WebSocketRequest(scope, self._query_parameter)
        clean = request.scope_without_token()
        if "query_string" in clean:
            # In the server's own scope, from which some servers write their access log.
            scope["query_string"] = clean["query_string"]
        scope = {**scope, **clean}
        try:
            self._check_origin(request)
            auth = await self._authenticator.authenticate_async(request)
        except MissingCredentials as refusal:
            if self._first_message is None:
                await self._refuse(refusal, request, scope, receive, send)
            else:
                await self._serve_opened(self._first_message, request, scope, receive, send)
        except ToriiAuthError as refusal:
            await self._refuse(refusal, request, scope, receive, send)
        else:

            async def send_with_subprotocol(message: Message) -> None:
                await send(request.with_subprotocol(message))

            await self._call_app(auth, scope, receive, send_with_subprotocol)

    async def _refuse(
        self,
        refusal: ToriiAuthError,
        request: WebSocketRequest,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        response = self._authenticator.response_to(refusal, request, adapter="websocket")
        await send_response(response, scope, receive, send)

    async def _serve_opened(
        self,
        kind: FirstMessage,
        request: WebSocketRequest,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serve a WebSocket that carries its token in its first message."""
        opened = OpenedWebSocket(kind, receive, send)
        token = await opened.token(request.offers)
        signed = request if token is None else request.with_token(token)
        try:
            auth = await self._authenticator.authenticate_async(signed)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, signed, adapter="websocket")
            await opened.close(close_code(kind, response.status), refusal.reason)
            return
        # It is accepted, so the application can't send an HTTP response any more.
        scope = {**scope, **signed.scope_without_token(), "extensions": {}}
        await self._call_app(auth, scope, opened.receive, opened.send)

    async def _call_app(
        self, auth: Optional[Auth], scope: Scope, receive: Receive, send: Send
    ) -> None:
        inner = scope_with_auth(auth, scope)
        token = bind_auth(auth)
        try:
            end = self._token_end(auth)
            if end is None:
                await self._app(inner, receive, send)
            else:
                await ExpiringWebSocket(receive, send, end).serve(self._app, inner)
        except PermissionDenied as denied:
            if auth is None:
                raise
            raise with_auth(denied, auth) from denied.__cause__
        finally:
            unbind_auth(token)

    def _check_origin(self, request: WebSocketRequest) -> None:
        if self._origins is None:
            return
        if not self._origins.issuperset(map(str.lower, request.getlist("origin"))):
            raise PermissionDenied("Pages from this origin can't open a WebSocket here.")
