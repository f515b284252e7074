"""ExpiringSocket: a WebSocket that ends when its token does."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional

from torii_backend.asgi.protocol import Application, Message, Receive, Scope, Send
from torii_backend.errors import SENTENCES

_CODE = 3000
_REASON = SENTENCES["expired"]
# Clocks are set and machines sleep: nobody waits longer without a look at the time.
_LONGEST_WAIT = 60.0


class WebSocketExpired(OSError):
    """The application sends to a WebSocket whose token has expired.

    ASGI has servers raise an OSError for one that is closed. An application that never receives
    would otherwise send into the void for ever.
    """


class ExpiringSocket:
    """One WebSocket on its way to the application.

    Args:
        receive: the server's.
        send: the server's.
        seconds_left: tells for how long the token is still good.
    """

    def __init__(self, receive: Receive, send: Send, seconds_left: Callable[[], float]) -> None:
        self._receive = receive
        self._send = send
        self._seconds_left = seconds_left
        self._expired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._one_reader = asyncio.Lock()
        self._incoming: Optional[asyncio.Future[Message]] = None
        self._is_connected = False
        self._is_closed = False
        self._knows_the_end = False

    async def serve(self, app: Application, scope: Scope) -> None:
        """Run the application until it returns; nothing runs on after that."""
        watch = asyncio.ensure_future(self._end_in_time())
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:
            if not _is_ours(error):
                raise
        finally:
            if not self._expired.done():
                watch.cancel()
            started: list[asyncio.Future[Any]] = [watch]
            if self._incoming is not None:
                self._incoming.cancel()
                started.append(self._incoming)
            # What went wrong in them, went wrong because the client was gone by then.
            await asyncio.gather(*started, return_exceptions=True)

    async def receive(self) -> Message:
        """Give the next message of the client, or the end of the WebSocket."""
        if not self._is_connected:
            self._is_connected = True
            return await self._receive()
        async with self._one_reader:
            return await self._receive_until_expiry()

    async def _receive_until_expiry(self) -> Message:
        # It outlives a call that the application gives up, so that no message is lost.
        incoming = self._incoming = self._incoming or asyncio.ensure_future(self._receive())
        either: set[asyncio.Future[Any]] = {incoming, self._expired}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._expired.done():
            self._knows_the_end = True
            return {"type": "websocket.disconnect", "code": _CODE, "reason": _REASON}
        self._incoming = None
        message = incoming.result()
        if message["type"] == "websocket.disconnect":
            self._is_closed = True
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the application, unless the WebSocket has ended.

        Raises:
            WebSocketExpired: it has, and the application has not received the end yet.
        """
        if self._expired.done():
            if self._knows_the_end or message["type"] == "websocket.close":
                return
            raise WebSocketExpired(_REASON)
        if message["type"] in ("websocket.close", "websocket.http.response.start"):
            self._is_closed = True
        await self._send(message)

    async def _end_in_time(self) -> None:
        left = self._seconds_left()
        while left > 0:
            await asyncio.sleep(min(left, _LONGEST_WAIT))
            left = self._seconds_left()
        if self._is_closed:
            return
        self._expired.set_result(None)
        await self._send({"type": "websocket.close", "code": _CODE, "reason": _REASON})


def _is_ours(error: BaseException) -> bool:
    """Tell WebSocketExpired, and what Starlette and task groups make of it, from other failures."""
    # Neither Starlette nor, on older Pythons, the class of groups is there to be imported.
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and members:
        return all(map(_is_ours, members))
    kind = type(error)
    if (kind.__module__, kind.__name__) == ("starlette.websockets", "WebSocketDisconnect"):
        return isinstance(error.__context__, WebSocketExpired)
    return isinstance(error, WebSocketExpired)
