"""A WebSocket server in miniature: it runs an application as ASGI says and watches over it."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from .messages import Request
from .transport import AsgiApplication, scope_of

Messages = list[dict[str, Any]]

_NEXT = {
    "connecting": {
        "websocket.accept": "open",
        "websocket.close": "closed",
        "websocket.http.response.start": "refusing",
    },
    "open": {"websocket.send": "open", "websocket.close": "closed"},
    "refusing": {"websocket.http.response.body": "closed"},
    "closed": {},
}


def websocket_scope(
    request: Request, *subprotocols: str, answers: bool = True, **scope: Any
) -> dict[str, Any]:
    """Make the scope of a WebSocket.

    Args:
        request: the handshake.
        subprotocols: what the client offers.
        answers: whether the server can send an HTTP answer instead of accepting.
        scope: what else stands in the scope.
    """
    offers = [("Sec-WebSocket-Protocol", ", ".join(subprotocols))] if subprotocols else []
    request = request._replace(headers=(*request.headers, *offers))
    extensions: dict[str, Any] = {"websocket.http.response": {}} if answers else {}
    return {
        **scope_of(request, "websocket"),
        "subprotocols": list(subprotocols),
        "extensions": extensions,
        **scope,
    }


class WebSocketExchange:
    """The server's side of one WebSocket; made inside of the event loop that runs it.

    Attributes:
        sent: the messages of the application.
    """

    def __init__(self, *texts: str) -> None:
        self.sent: Messages = []
        self._waiting: Messages = [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": text} for text in texts),
        ]
        self._state = "connecting"
        self._closed = asyncio.Event()

    def hang_up(self) -> None:
        """End the connection, as a client does that goes away."""
        self._closed.set()

    async def receive(self) -> dict[str, Any]:
        if self._waiting:
            return self._waiting.pop(0)
        await self._closed.wait()
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(self, message: dict[str, Any]) -> None:
        # First of all: a guard may keep a failure to send to itself.
        self.sent.append(message)
        state = _NEXT[self._state].get(message["type"])
        assert state is not None, f"{message['type']} while the WebSocket is {self._state}"
        self._state = state
        if state == "closed":
            self._closed.set()


def call_websocket(app: AsgiApplication, scope: dict[str, Any], *texts: str) -> Messages:
    """Serve one WebSocket, whose client sends these texts and then waits for the end.

    Returns:
        What the application sent.
    """

    async def serve() -> Messages:
        exchange = WebSocketExchange(*texts)
        await app(scope, exchange.receive, exchange.send)
        return exchange.sent

    return asyncio.run(serve())


def greeted(sent: Messages) -> tuple[Optional[str], str]:
    """Give the selected subprotocol, and the user that the application greeted."""
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    return sent[0].get("subprotocol"), sent[1]["text"]
