"""ExpiringWebSocket: a WebSocket that is closed when its token expires.

A WebSocket is connecting, open, closed or expired. The application's first `receive()` opens it: that
message is always `websocket.connect`. The application closes it by `websocket.close`, and the client by
the `websocket.disconnect` that the application receives. Either wins over expiry: nothing is sent then.

One watcher task sleeps until the token expires. It sets the future `_expired`, exactly once, and
closes the WebSocket to the client. From then on `receive()` returns a disconnect, and `send()` raises
`WebSocketExpired` until the application has received that disconnect. Then it drops messages.

Everything runs on one event loop, so the flags need no lock. `_receiving` serialises the application's
readers, since each message has one reader. The server's `receive()` runs in a task, `_incoming`, that
outlives a cancelled reader, so the message that it gets isn't lost. `serve()` ends both tasks.
"""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional

from torii_backend.asgi.protocol import Application, Message, Receive, Scope, Send
from torii_backend.errors import SENTENCES

_CODE = 3000
_REASON = SENTENCES["expired"]
# Clocks are set and machines sleep, so look at the clock at least this often.
_LONGEST_SLEEP = 60.0


class WebSocketExpired(OSError):
    """The application sends to a WebSocket whose token has expired.

    ASGI has servers raise an OSError for a closed WebSocket. Without it, an application that never
    receives would go on sending forever.
    """


class ExpiringWebSocket:
    """One WebSocket, between the server and the application."""

    def __init__(self, receive: Receive, send: Send, seconds_left: Callable[[], float]) -> None:
        self._receive = receive
        self._send = send
        self._seconds_left = seconds_left
        self._expired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receiving = asyncio.Lock()
        self._incoming: Optional[asyncio.Future[Message]] = None
        self._is_connected = False
        self._is_closed = False
        self._app_got_disconnect = False

    async def serve(self, app: Application, scope: Scope) -> None:
        """Run the application until it returns. No task of ours outlives it."""
        watcher = asyncio.ensure_future(self._close_on_expiry())
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:
            if not _is_expiry(error):
                raise
        finally:
            if not self._expired.done():
                watcher.cancel()
            tasks: list[asyncio.Future[Any]] = [watcher]
            if self._incoming is not None:
                self._incoming.cancel()
                tasks.append(self._incoming)
            # They can only fail because the client is gone by now.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def receive(self) -> Message:
        """Return the client's next message, or a disconnect once the token has expired."""
        if not self._is_connected:
            self._is_connected = True
            return await self._receive()
        async with self._receiving:
            return await self._receive_until_expiry()

    async def _receive_until_expiry(self) -> Message:
        incoming = self._incoming = self._incoming or asyncio.ensure_future(self._receive())
        either: set[asyncio.Future[Any]] = {incoming, self._expired}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._expired.done():
            self._app_got_disconnect = True
            return {"type": "websocket.disconnect", "code": _CODE, "reason": _REASON}
        self._incoming = None
        message = incoming.result()
        if message["type"] == "websocket.disconnect":
            self._is_closed = True
        return message

    async def send(self, message: Message) -> None:
        """Send the application's message, or raise `WebSocketExpired` if the token has expired."""
        if self._expired.done():
            if self._app_got_disconnect or message["type"] == "websocket.close":
                return
            raise WebSocketExpired(_REASON)
        if message["type"] in ("websocket.close", "websocket.http.response.start"):
            self._is_closed = True
        await self._send(message)

    async def _close_on_expiry(self) -> None:
        left = self._seconds_left()
        while left > 0:
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
            left = self._seconds_left()
        if self._is_closed:
            return
        self._expired.set_result(None)
        await self._send({"type": "websocket.close", "code": _CODE, "reason": _REASON})


def _is_expiry(error: BaseException) -> bool:
    """Return whether this is WebSocketExpired, or what Starlette and task groups turn it into."""
    # Starlette may not be installed, and older Pythons don't have the class of groups.
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and members:
        return all(map(_is_expiry, members))
    kind = type(error)
    if (kind.__module__, kind.__name__) == ("starlette.websockets", "WebSocketDisconnect"):
        return isinstance(error.__context__, WebSocketExpired)
    return isinstance(error, WebSocketExpired)
