"""OpenedWebSocket: a WebSocket that the guard accepts itself, to read the token in its first message."""

from __future__ import annotations

import asyncio
from typing import Optional

from torii_backend._guard.first_message import FirstMessage, read_opening, selected_subprotocol
from torii_backend.asgi.protocol import Message, Receive, Send

# The client has this long to send its first message.
_SECONDS = 10.0


class OpenedWebSocket:
    """One WebSocket between the server and the application, which is called once it is signed in.

    The client has connected and is accepted by then. So the application gets its `websocket.connect`
    from here, and its `websocket.accept` goes nowhere.
    """

    def __init__(self, kind: FirstMessage, receive: Receive, send: Send) -> None:
        self._kind: FirstMessage = kind
        self._receive = receive
        self._send = send
        self._replayed: list[Message] = [{"type": "websocket.connect"}]
        self._is_accepted = False

    async def token(self, offers: list[str]) -> Optional[str]:
        """Accept the WebSocket and return the token in its first message, if there is one."""
        await self._receive()
        subprotocol = selected_subprotocol(self._kind, offers)
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        try:
            message = await asyncio.wait_for(self._receive(), _SECONDS)
        except asyncio.TimeoutError:
            return None
        opening = read_opening(self._kind, message)
        if opening.message is not None:
            self._replayed.append(opening.message)
        return opening.token

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket to a client that is refused."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def receive(self) -> Message:
        """Return the next message for the application."""
        return self._replayed.pop(0) if self._replayed else await self._receive()

    async def send(self, message: Message) -> None:
        """Send the application's message."""
        if message["type"] == "websocket.accept" and not self._is_accepted:
            self._is_accepted = True
            return
        await self._send(message)
