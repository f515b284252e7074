"""The types of ASGI, and how an Auth or a refusal is put into its messages."""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable, Optional, Union

from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.resource_metadata import MetadataResponse
from torii_backend._guard.vary import Vary
from torii_backend.asgi.upload import drop_body
from torii_backend.auth import Auth

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Frameworks type their applications in several ways that are not assignable to one another.
Application = Callable[[Any, Any, Any], Awaitable[None]]


def scope_with_auth(auth: Optional[Auth], scope: Scope) -> Scope:
    """Make the scope in which the application finds an Auth."""
    # Fresh mappings: a server may share its state between requests.
    state = {**(scope.get("state") or {}), "auth": auth}
    return {**scope, "torii.auth": auth, "state": state}


def send_with_vary(vary: Vary, send: Send) -> Send:
    """Let the response say that it depends on the token."""

    # Not async: that would be one more coroutine for each message.
    def send_varying(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message = {**message, "headers": vary.added_to_raw(message.get("headers") or ())}
        return send(message)

    return send_varying


async def send_response(
    response: Union[RefusalResponse, MetadataResponse],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send the response to a refused request or WebSocket, or one that needs no application.

    A WebSocket is refused before it is accepted. If the server can't send our response then, the
    WebSocket is closed, and the server sends a 403.
    """
    if scope["type"] == "http":
        await drop_body(scope, receive)
        body = b"" if scope["method"] == "HEAD" else response.body
        await _send(response, body, "http.response", send)
        return
    # Without waiting for the client's `websocket.connect`, which Quart's test client never sends.
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await _send(response, response.body, "websocket.http.response", send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _send(
    response: Union[RefusalResponse, MetadataResponse], body: bytes, kind: str, send: Send
) -> None:
    length = ("Content-Length", str(len(response.body)))
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in (*response.headers, length)
    ]
    await send({"type": f"{kind}.start", "status": response.status, "headers": headers})
    # Quart's test client reads keys that ASGI calls optional.
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
