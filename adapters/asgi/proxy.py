"""ToriiProxy: ASGI middleware that serves `/_torii/*` from Torii, on your own origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torii_backend._guard.options import shows_options
from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import ASGIRequest
from torii_backend.asgi.protocol import Application, Message, Receive, Scope, Send, send_response
from torii_backend.auth import not_from_requests
from torii_backend.proxy.framework_cookies import FrameworkCookies
from torii_backend.proxy.message import outgoing_request
from torii_backend.proxy.refusal import NOT_FOUND, ClientGoneError, RefusedError
from torii_backend.proxy.settings import DEFAULTS, ProxyOptions, ProxySettings
from torii_backend.proxy.target import take_scope

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from torii_backend.proxy.streaming import StreamingResponse


@not_from_requests()
class ToriiProxy:
    """ASGI middleware that forwards `/_torii/*` to your tenant host, and all else to `app`.

    Put it outside everything else. In FastAPI and Starlette: `app.add_middleware(ToriiProxy)`, after all
    other middleware is added.

    Args:
        app: the ASGI 3 application.
        options: the keywords of `ProxyOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong, or httpcore isn't installed.
        TypeError: a keyword is unknown.
    """

    __torii_proxy__ = True

    @shows_options(ProxyOptions, **DEFAULTS)
    def __init__(self, app: Application, **options: Unpack[ProxyOptions]) -> None:
        self._app = app
        self._settings = ProxySettings(**options)
        self._cookies = FrameworkCookies(app)
        # They need httpcore and anyio, which are an extra.
        from torii_backend.proxy.route import Route
        from torii_backend.proxy.streaming import StreamingForwarder
        from torii_backend.proxy.upload import RequestBody

        self._forwarder = StreamingForwarder(Route(self._settings))
        self._body = RequestBody

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket, or let the application start and stop (`lifespan`)."""
        kind = scope["type"]
        target = take_scope(scope) if kind in ("http", "websocket") else None
        if kind == "lifespan":
            await self._live(scope, receive, send)
        elif target is None:
            await self._app(scope, receive, send)
        elif kind == "websocket":
            await send_response(NOT_FOUND, scope, receive, send)
        elif isinstance(target, RefusalResponse):
            await send_response(target, scope, receive, send)
        else:
            await self._forward(target, scope, receive, send)

    async def _forward(self, target: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        body = self._body(receive, self._settings.max_body, self._settings.wait_seconds)
        try:
            request = outgoing_request(
                self._settings,
                ASGIRequest(scope),
                target,
                scope["headers"],
                self._cookies.names(),
                may_stream=await body.comes_unannounced(scope),
            )
            await self._forwarder.exchange(request, body, lambda response: _respond(response, send))
        except RefusedError as error:
            refusal = _closing_connection(error.response, scope, is_read=body.is_read)
            await send_response(refusal, scope, body.rest, send)
        except ClientGoneError:
            return

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def close_first(message: Message) -> None:
            # The event loop may end as soon as the server hears of it.
            if message["type"].startswith("lifespan.shutdown."):
                await self._forwarder.aclose()
            await send(message)

        try:
            await self._app(scope, receive, close_first)
        finally:
            await self._forwarder.aclose()


def _closing_connection(
    refusal: RefusalResponse, scope: Scope, *, is_read: bool
) -> RefusalResponse:
    """Let the server close the connection after a request that wasn't read to its end."""
    if is_read or not scope.get("http_version", "1.1").startswith("1"):
        return refusal
    headers = (*refusal.headers, ("Connection", "close"))
    return RefusalResponse(refusal.status, headers, refusal.body)


async def _respond(response: StreamingResponse, send: Send) -> None:
    head = response.head
    headers = [(name.lower(), value) for name, value in head.headers]
    await send({"type": "http.response.start", "status": head.status, "headers": headers})
    more = True
    async for chunk in response.chunks():
        more = not response.is_over
        await send({"type": "http.response.body", "body": chunk, "more_body": more})
    if more:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
