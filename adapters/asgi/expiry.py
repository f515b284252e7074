"""What ends with its token: a WebSocket, or a response that streams.

An exchange is open, closed or expired. It is closed by the application's last message, or by the client,
of which the application receives a disconnect. Either wins over expiry: nothing is sent then. Here a
token that is revoked has expired, too, with another reason.

One watcher task waits for the end of the token (`TokenEnd`). It sets the future `_expired`, exactly
once, and ends the exchange for the client. From then on `receive()` returns a disconnect, and `send()` raises
`TokenExpired` until the application has received that disconnect. Then it drops messages.

A WebSocket is watched from the start. A response is watched from when it begins, if it has no
Content-Length: others end by themselves, and clients would take a part for a fault.

Everything runs on one event loop, so the flags need no lock. `_receiving` serialises the application's
readers, since each message has one reader. The server's `receive()` runs in a task, `_incoming`, that
outlives a cancelled reader, so the message that it gets isn't lost. `serve()` ends both tasks.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Optional

from torii_backend.asgi.protocol import Application, Message, Receive, Scope, Send
from torii_backend.asgi.token_end import TokenEnd
from torii_backend.errors import SENTENCES

_CODE = 3000
# What Starlette makes of the OSError of a `send()`.
_OF_STARLETTE = (
    ("starlette.websockets", "WebSocketDisconnect"),
    ("starlette.requests", "ClientDisconnect"),
)


class TokenExpired(OSError):
    """The application sends to a client whose token has expired, or was revoked.

    ASGI has servers raise an OSError if the client is gone. Without it, an application that never
    receives would go on sending forever.
    """


class _Expiring:
    """One exchange, between the server and the application."""

    _DISCONNECT: ClassVar[str]

    def __init__(self, receive: Receive, send: Send, end: TokenEnd) -> None:
        self._receive = receive
        self._send = send
        self._end = end
        # Its result is the sentence that says why.
        self._expired: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._receiving = asyncio.Lock()
        self._watcher: Optional[asyncio.Future[None]] = None
        self._incoming: Optional[asyncio.Future[Message]] = None
        self._is_closed = False
        self._app_got_disconnect = False

    async def serve(self, app: Application, scope: Scope) -> None:
        """Run the application until it returns. No task of ours outlives it."""
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:
            if not _is_expiry(error):
                raise
        finally:
            if self._watcher is not None and not self._expired.done():
                self._watcher.cancel()
            if self._incoming is not None:
                self._incoming.cancel()
            tasks: list[Any] = [
                task for task in (self._watcher, self._incoming) if task is not None
            ]
            # They can only fail because the client is gone by now.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def receive(self) -> Message:
        """Return the client's next message, or a disconnect once the token has expired."""
        async with self._receiving:
            incoming = self._incoming = self._incoming or asyncio.ensure_future(self._receive())
            either: set[asyncio.Future[Any]] = {incoming, self._expired}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._expired.done():
                self._app_got_disconnect = True
                return self._disconnect(self._expired.result())
            self._incoming = None
            message = incoming.result()
            if message["type"] == self._DISCONNECT:
                self._is_closed = True
            return message

    async def send(self, message: Message) -> None:
        """Send the application's message, or raise `TokenExpired` if the token has expired."""
        if self._expired.done():
            if self._app_got_disconnect or self._is_last(message):
                return
            raise TokenExpired(self._expired.result())
        if self._is_last(message):
            self._is_closed = True
        await self._send(message)

    def _is_last(self, message: Message) -> bool:
        raise NotImplementedError

    def _watch(self) -> None:
        self._watcher = self._watcher or asyncio.ensure_future(self._end_with_token())

    async def _end_with_token(self) -> None:
        reason = SENTENCES[await self._end.wait()]
        if self._is_closed:
            return
        self._expired.set_result(reason)
        await self._send(self._last_message(reason))

    def _disconnect(self, reason: str) -> Message:
        raise NotImplementedError

    def _last_message(self, reason: str) -> Message:
        raise NotImplementedError


class ExpiringWebSocket(_Expiring):
    """One WebSocket. The client gets close code 3000."""

    _DISCONNECT: ClassVar[str] = "websocket.disconnect"
    _is_connected = False

    async def serve(self, app: Application, scope: Scope) -> None:
        """Run the application until it returns. No task of ours outlives it."""
        self._watch()
        await super().serve(app, scope)

    async def receive(self) -> Message:
        """Return the client's next message, or a disconnect once the token has expired."""
        if self._is_connected:
            return await super().receive()
        # Always `websocket.connect`, even if the token has just expired.
        self._is_connected = True
        return await self._receive()

    def _is_last(self, message: Message) -> bool:
        return message["type"] in ("websocket.close", "websocket.http.response.start")

    def _disconnect(self, reason: str) -> Message:
        return {"type": self._DISCONNECT, "code": _CODE, "reason": reason}

    def _last_message(self, reason: str) -> Message:
        return {"type": "websocket.close", "code": _CODE, "reason": reason}


class ExpiringResponse(_Expiring):
    """One HTTP exchange. A response that streams ends early, as if it were complete."""

    _DISCONNECT: ClassVar[str] = "http.disconnect"
    _streams = False

    async def send(self, message: Message) -> None:
        """Send the application's message, or raise `TokenExpired` if the token has expired."""
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", ())}
            self._streams = b"content-length" not in names and not message.get("trailers", False)
        await super().send(message)
        # A response that begins late may be a short one, and is sent.
        begins = message["type"] == "http.response.start" and not self._end.is_reached()
        if self._streams and (begins or message.get("more_body", False)):
            self._watch()

    def _is_last(self, message: Message) -> bool:
        return message["type"] == "http.response.body" and not message.get("more_body", False)

    def _disconnect(self, reason: str) -> Message:  # noqa: ARG002 (HTTP has no place for it)
        return {"type": self._DISCONNECT}

    def _last_message(self, reason: str) -> Message:  # noqa: ARG002
        return {"type": "http.response.body", "body": b"", "more_body": False}


def _is_expiry(error: BaseException) -> bool:
    """Return whether this is TokenExpired, or what Starlette and task groups turn it into."""
    # Starlette may not be installed, and older Pythons don't have the class of groups.
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and members:
        return all(map(_is_expiry, members))
    kind = type(error)
    if (kind.__module__, kind.__name__) in _OF_STARLETTE:
        return isinstance(error.__context__, TokenExpired)
    return isinstance(error, TokenExpired)
