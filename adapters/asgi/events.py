"""EventReceiver: an ASGI application that receives webhooks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torii_backend.asgi.protocol import Receive, Scope, Send
from torii_backend.errors import ConfigurationError
from torii_backend.events.receiver import ClientDisconnected, Receiver

if TYPE_CHECKING:
    from torii_backend.events.dispatcher import Events


class EventReceiver:
    """An ASGI application that receives webhooks and calls the handlers of their events.

    In FastAPI and Starlette: `app.add_route("/torii/events", EventReceiver(events))`. Dependencies don't
    apply to it. If our `AuthMiddleware` is around the application, exempt its path there.

    Args:
        events: your handlers. Sync functions run on a thread.

    Raises:
        ConfigurationError: `events` is not an `Events`.
    """

    def __init__(self, events: Events) -> None:
        self._receiver = Receiver(events, is_async=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ConfigurationError: the scope is not an HTTP request.
        """
        if scope["type"] != "http":
            raise ConfigurationError("EventReceiver must get HTTP requests: route a path to it.")
        read = partial(_read, receive)
        response = await self._receiver.respond_async(scope["method"], scope["headers"], read)
        headers = [*response.headers, ("Content-Length", str(len(response.body)))]
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})


async def _read(receive: Receive, limit: int) -> bytes:
    """Read the body as it was sent."""
    body = bytearray()
    while len(body) < limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body[:limit])
