"""AuthMiddleware: requires sign-in for every request and WebSocket of an application."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.options import CheckedOptions, shows_options
from torii_backend._guard.proxy_order import require_open_proxy
from torii_backend._guard.query_token import QueryTokenRequest
from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend._guard.request import ASGIRequest
from torii_backend.asgi.expiry import ExpiringResponse
from torii_backend.asgi.protocol import (
    Application,
    Message,
    Receive,
    Scope,
    Send,
    scope_with_auth,
    send_response,
    send_with_vary,
)
from torii_backend.asgi.websocket import WebSocketGuard
from torii_backend.asgi.websocket_options import AsgiOptions, AsgiSettings
from torii_backend.errors import ConfigurationError, ToriiAuthError

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

    @shows_options(
        AsgiOptions,
        query_parameter=None,
        query_parameter_paths=(),
        allowed_origins=None,
        close_on_expiry=False,
        close_on_revocation=False,
        first_message=None,
    )
    def __init__(self, app: Application, **options: Unpack[AsgiOptions]) -> None:
        settings = AsgiSettings(**options)
        self._app = app
        self._authenticator = settings.authenticator
        self._resource = self._authenticator.resource
        self.__torii_guard__: CheckedOptions = self._authenticator.__torii_guard__
        require_open_proxy(app, self.__torii_guard__.exempt)
        self._query_parameter = settings.query_parameter
        self._query_paths = settings.query_parameter_paths
        self._token_end = settings.token_end
        self._websockets = WebSocketGuard(app, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket, or let the application start and stop (`lifespan`).

        Raises:
            ConfigurationError: the scope is of another type, which can't be guarded.
        """
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        request = self._request(scope)
        metadata = None if self._resource is None else self._resource.response_to(request)
        if metadata is not None:
            await send_response(metadata, scope, receive, send)
            return
        try:
            auth = await self._authenticator.authenticate_async(request)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, request, adapter="asgi")
            varying = send_with_vary(self._authenticator.vary, send)
            await send_response(response, scope, receive, varying)
            return
        if self._authenticator.varies(auth, request):
            send = send_with_vary(self._authenticator.vary, send)
        token = bind_auth(auth)
        sent: set[str] = set()
        try:
            inner, noting = scope_with_auth(auth, scope), _noting(sent, send)
            end = self._token_end(auth)
            if end is None:
                await self._app(inner, receive, noting)
            else:
                await ExpiringResponse(receive, noting, end).serve(self._app, inner)
        except ToriiAuthError as error:
            if sent or not is_refusal_by_view(error):
                raise
            response = self._authenticator.response_to(error, request, adapter="asgi", auth=auth)
            await send_response(response, scope, _received, send)
        finally:
            unbind_auth(token)

    def _request(self, scope: Scope) -> ASGIRequest:
        request = ASGIRequest(scope)
        if self._query_parameter is None or not self._query_paths:
            return request
        paths = request.paths()
        if paths is None or not self._query_paths.matches(*paths, request):
            return request
        with_token = QueryTokenRequest(scope, self._query_parameter)
        # In the server's own scope, from which some servers write their access log.
        scope.update(with_token.scope_without_token())
        return with_token

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
            return
        if scope["type"] != "lifespan":
            raise ConfigurationError(
                "The guard must get scopes of type http, websocket or lifespan. "
                "It can't require sign-in for others."
            )
        self._authenticator.prefetch()
        await self._app(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent: set[str] = set()
        try:
            await self._websockets.serve(scope, receive, _noting(sent, send))
        except ToriiAuthError as error:
            if "websocket.close" in sent or not is_refusal_by_view(error):
                raise
            if sent:
                await send({"type": "websocket.close", "code": 1008})
                return
            response = self._authenticator.response_to(
                error, ASGIRequest(scope), adapter="websocket"
            )
            await send_response(response, scope, _received, send)


def _noting(sent: set[str], send: Send) -> Send:
    """Return `send`, which notes the types of the messages."""

    def noting(message: Message) -> Awaitable[None]:
        sent.add(message["type"])
        return send(message)

    return noting


async def _received() -> Message:
    """Receive no more: the application may have read the body, and would wait for the client's end."""
    return {"type": "http.disconnect"}
