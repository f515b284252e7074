"""What ASGI passes around, and how an Auth or a refusal is put into it."""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable, Optional

from torii_backend._guard.refusal import RefusalResponse
from torii_backend.auth import Auth

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Frameworks type their applications in several ways that are not assignable to one another.
Application = Callable[[Any, Any, Any], Awaitable[None]]


def scope_with(auth: Optional[Auth], scope: Scope) -> Scope:
    """Make the scope in which the application finds an Auth."""
    # Fresh mappings: a server may share its state between requests.
    state = {**(scope.get("state") or {}), "auth": auth}
    return {**scope, "torii.auth": auth, "state": state}


async def answer(challenge: RefusalResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer to a request or WebSocket that may not pass.

    A WebSocket is refused before it is accepted: with our answer where the server can send one; else
    it is closed, and the server sends 403.
    """
    if scope["type"] == "http":
        body = b"" if scope["method"] == "HEAD" else challenge.body
        await _send(challenge, body, "http.response", send)
        return
    await receive()
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await _send(challenge, challenge.body, "websocket.http.response", send)
    else:
        await send({"type": "websocket.close", "code": 1008})


async def _send(challenge: RefusalResponse, body: bytes, kind: str, send: Send) -> None:
    length = ("Content-Length", str(len(challenge.body)))
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in (*challenge.headers, length)
    ]
    await send({"type": f"{kind}.start", "status": challenge.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
