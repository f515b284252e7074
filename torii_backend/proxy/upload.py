"""The body of an ASGI request, and the news that its client is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, MutableMapping
from typing import Any, Callable, Optional

import anyio

from torii_backend.proxy.refusal import (
    BAD_REQUEST,
    BODY_TOO_LARGE,
    REQUEST_TIMEOUT,
    ClientGoneError,
    RefusedError,
)

# While a body is read, a client that leaves is noticed by that.
_GLANCE_SECONDS = 0.1

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class RequestBody:
    """Reads the messages of one request.

    Args:
        receive: that of ASGI.
        max_body: the most bytes that may come.
        wait_seconds: how long to wait for the next of them.

    Attributes:
        is_read: whether nothing is left to read.
    """

    def __init__(self, receive: Receive, max_body: int, wait_seconds: float) -> None:
        self._receive = receive
        self._max_body = max_body
        self._wait_seconds = wait_seconds
        self._first: Optional[Message] = None
        self.is_read: bool = False

    async def comes_unannounced(self, scope: Mapping[str, Any]) -> bool:
        """Return whether there is a body of which no header tells, as HTTP/2 allows."""
        if scope.get("http_version", "1.1").startswith("1"):
            return False
        names = {name.lower() for name, _ in scope["headers"]}
        if not names.isdisjoint((b"content-length", b"transfer-encoding")):
            return False
        self._first = await self._next()
        return bool(self._first.get("body")) or bool(self._first.get("more_body"))

    def skip(self) -> None:
        """Note that nobody reads the rest of the body, if there is one."""
        self.is_read = True

    async def chunks(self, length: Optional[int]) -> AsyncIterator[bytes]:
        """Read the body, or raise RefusedError if it hasn't the length that it announced.

        Args:
            length: what it announced, if it did.
        """
        most = self._max_body if length is None else length
        size, is_more = 0, True
        while is_more:
            message = await self._next()
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise RefusedError(BODY_TOO_LARGE if length is None else BAD_REQUEST)
            if chunk:
                yield chunk
            is_more = message.get("more_body", False)
        self.is_read = True
        if length is not None and size < length:
            raise RefusedError(BAD_REQUEST)

    async def wait_until_gone(self) -> None:
        """Wait for the client to leave, after its request was read."""
        while not self.is_read:  # noqa: ASYNC110 (an event would cost each request, this few)
            await anyio.sleep(_GLANCE_SECONDS)
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def rest(self) -> Message:
        """Receive what is left of the body; nothing if it was read."""
        if self.is_read:
            return {"type": "http.disconnect"}
        return await self._receive()

    async def _next(self) -> Message:
        message, self._first = self._first, None
        if message is None:
            try:
                # A client that stalls would keep a connection to the upstream.
                with anyio.fail_after(self._wait_seconds):
                    message = await self._receive()
            except TimeoutError:
                raise RefusedError(REQUEST_TIMEOUT) from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return message
