"""Sends requests upstream, and awaits the responses: for ASGI.

State: `_pools` has one pool for each event loop, which alone uses it. It is closed at the lifespan's shutdown,
or else when the loop ends: loops finish the async generators that are left, and one of them is waiting to
close the pool. Loops of other threads add and remove their entries at the same time: each of these steps is
atomic, so there is no lock.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable
from typing import Any, Callable, Optional

from torii_backend.proxy.exchange import Exchange, current_exchange
from torii_backend.proxy.library import httpcore
from torii_backend.proxy.message import OutgoingRequest, ResponseHead
from torii_backend.proxy.outcome import FAULTS, head_of, refusal_of
from torii_backend.proxy.presence import Presence
from torii_backend.proxy.readable import Readable
from torii_backend.proxy.refusal import CutError, RefusedError
from torii_backend.proxy.route import IDLE_SECONDS, Route
from torii_backend.proxy.upload import RequestBody


class StreamingResponse:
    """A response whose body is read as it comes.

    Attributes:
        head: its status and headers.
        is_over: whether no chunk comes after those that were read. False if that isn't known.
    """

    def __init__(
        self,
        head: ResponseHead,
        response: Optional[httpcore.Response],
        exchange: Exchange,
        presence: Presence,
    ) -> None:
        self.head: ResponseHead = head
        self.is_over: bool = response is None
        self._exchange = exchange
        self._presence = presence
        # The stream of the response itself: its methods would check it each time.
        self._stream: Any = None if response is None else response.stream

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the body."""
        if self._stream is None:
            return
        left = self.head.length
        chunks = _unlogged(self._stream.__aiter__(), self._exchange)
        try:
            async for chunk in chunks:
                if left is not None:
                    left -= len(chunk)
                    # Give the connection back before the client has it all, and may send the next request.
                    if left == 0 and await _is_at_end(chunks):
                        self.is_over = True
                        self._exchange.note_end(chunk)
                        await self.aclose()
                yield chunk
                if not self.is_over:
                    self._presence.watch_now()
            if left is None:
                self._exchange.note_end()
        except FAULTS:
            raise CutError("The response of the upstream ended early.") from None

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, or else close it."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()


class StreamingForwarder:
    """Sends requests to one upstream.

    Args:
        route: how to reach it.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._pools: dict[Any, _OpenPool] = {}

    async def _exchange(
        self,
        request: OutgoingRequest,
        body: RequestBody,
        presence: Presence,
        respond: Callable[[StreamingResponse], Awaitable[None]],
    ) -> None:
        content: Optional[AsyncIterable[bytes]] = None
        if request.framing.has_body:
            content = body.chunks(request.framing.length)
        else:
            body.skip()
        response = await self._send(request, content, presence)
        # The upstream may respond before it has read all.
        body.skip()
        try:
            await respond(response)
        finally:
            await response.aclose()

    async def _send(
        self, request: OutgoingRequest, body: Optional[AsyncIterable[bytes]], presence: Presence
    ) -> StreamingResponse:
        outgoing, exchange = self._route.request(request, body), Exchange()
        try:
            response = await self._respond(outgoing, exchange, may_repeat=request.may_repeat)
        except FAULTS as error:
            raise refusal_of(request, error) from None
        try:
            head = head_of(request, response, exchange)
        except RefusedError:
            await response.aclose()
            raise
        if head.length == 0:
            await self._finish(request, response, exchange)
            return StreamingResponse(head, None, exchange, presence)
        return StreamingResponse(head, response, exchange, presence)

    async def _finish(
        self, request: OutgoingRequest, response: httpcore.Response, exchange: Exchange
    ) -> None:
        """Give the connection of a response without a body back."""
        try:
            # A body that must not be there would be taken for the beginning of the next response.
            exchange.note_end()
            if exchange.is_clean:
                await response.aread()
        except FAULTS as error:
            raise refusal_of(request, error) from None
        finally:
            await response.aclose()

    async def exchange(
        self,
        request: OutgoingRequest,
        body: RequestBody,
        respond: Callable[[StreamingResponse], Awaitable[None]],
    ) -> None:
        """Send a request and pass on the response, until its end or until the client leaves.

        Raises:
            RefusedError: there is no usable response.
            CutError: its body was cut.
        """
        presence = Presence(body.wait_until_gone)
        await presence.run(lambda: self._exchange(request, body, presence, respond))

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        opened = self._pools.pop(_event_loop(), None)
        if opened is not None:
            await opened.aclose()

    async def _respond(
        self, outgoing: httpcore.Request, exchange: Exchange, *, may_repeat: bool
    ) -> httpcore.Response:
        pool = await self._pool()
        token = current_exchange.set(exchange)
        try:
            return await pool.handle_async_request(outgoing)
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            if not may_repeat or not exchange.is_reused or exchange.has_response:
                raise
            # The next connection of the pool may be dead, too. A new one is no part of the pool.
            connection = pool.create_connection(outgoing.url.origin)
            return _closing(connection, await connection.handle_async_request(outgoing))
        finally:
            exchange.is_in_head = False
            current_exchange.reset(token)

    async def _pool(self) -> httpcore.AsyncConnectionPool:
        """Return the pool of this event loop."""
        loop = _event_loop()
        opened = self._pools.get(loop)
        if opened is None:
            opened = self._pools[loop] = _OpenPool(self._route)
            for other in filter(_is_closed, list(self._pools)):
                self._pools.pop(other, None)
            await opened.start()
        return opened.pool


class _OpenPool:
    """A pool that is closed when its event loop ends."""

    def __init__(self, route: Route) -> None:
        self.pool = httpcore.AsyncConnectionPool(
            ssl_context=route.tls,
            proxy=route.proxy,
            max_connections=None,
            max_keepalive_connections=route.settings.pool_size,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Backend(),
        )
        self._end = self._close_at_end()

    async def start(self) -> None:
        """Let the event loop know."""
        await self._end.__anext__()

    async def aclose(self) -> None:
        await self._end.aclose()

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.pool.aclose()


def _is_closed(loop: Any) -> bool:
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


async def _unlogged(chunks: AsyncIterable[bytes], exchange: Exchange) -> AsyncIterator[bytes]:
    """Read a body so that httpcore's log of it is dropped, too: it quotes what is malformed."""
    reader = chunks.__aiter__()
    while True:
        token = current_exchange.set(exchange)
        try:
            chunk = await reader.__anext__()
        except StopAsyncIteration:
            return
        finally:
            current_exchange.reset(token)
        yield chunk


async def _is_at_end(chunks: AsyncIterator[bytes]) -> bool:
    try:
        await chunks.__anext__()
    except StopAsyncIteration:
        return True
    return False


def _event_loop() -> Any:
    """Return what stands for the running event loop, of asyncio or trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return sys.modules["trio"].lowlevel.current_trio_token()


def _closing(
    connection: httpcore.AsyncConnectionInterface, response: httpcore.Response
) -> httpcore.Response:
    """Close a connection with its response."""

    class Body:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return response.aiter_stream()

        async def aclose(self) -> None:
            await connection.aclose()

    extensions = response.extensions
    return httpcore.Response(
        response.status, headers=response.headers, content=Body(), extensions=extensions
    )


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects as httpcore does, and watches the streams."""

    def __init__(self) -> None:
        is_asyncio = asyncio._get_running_loop() is not None
        self._inner: Any = httpcore.AnyIOBackend() if is_asyncio else httpcore.TrioBackend()

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _WatchedStream(await self._inner.connect_tcp(*args, **kwargs))


class _WatchedStream(httpcore.AsyncNetworkStream):
    """A connection that notes in the exchange what happens on it."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._exchange: Optional[Exchange] = None
        self._readable: Optional[Readable] = None

    async def write(self, buffer: bytes, timeout: Optional[float] = None) -> None:
        exchange = current_exchange.get(None)
        if exchange is not None and exchange is not self._exchange:
            exchange.begin(is_reused=self._exchange is not None)
            self._exchange = exchange
        await self._inner.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: Optional[float] = None) -> bytes:
        exchange = self._exchange
        if exchange is None or timeout is None:
            return await self._inner.read(max_bytes, timeout)
        left = exchange.seconds_left(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout
        data = await self._inner.read(max_bytes, left)
        exchange.note(data)
        return data

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _WatchedStream(await self._inner.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._inner.get_extra_info(info)
        # httpcore closes an idle connection with something to read.
        if self._exchange is not None and not self._exchange.is_clean:
            return True
        # It asks before and after each request whether the upstream has closed the connection.
        if self._readable is None:
            self._readable = Readable(self._inner.get_extra_info("socket"))
        return self._readable()
