"""Sends requests upstream, and waits for the responses: for WSGI.

State: `_pools` has one pool for each process, which is one entry, but for a moment after a fork. A forked
child closes its copies of the parent's connections, so that they end when the parent closes them, and
makes a pool of its own. Adding and removing entries is atomic, so there is no lock.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional

from torii_backend.proxy.exchange import Exchange, current_exchange
from torii_backend.proxy.library import httpcore
from torii_backend.proxy.message import OutgoingRequest, ResponseHead
from torii_backend.proxy.outcome import FAULTS, head_of, refusal_of
from torii_backend.proxy.refusal import ClientGoneError, CutError, RefusedError
from torii_backend.proxy.route import IDLE_SECONDS, Route

# How often the client is looked at while the upstream is silent.
_GLANCE_SECONDS = 0.5


class BlockingResponse:
    """A response whose body is read as it comes. Close it in any case.

    Attributes:
        head: its status and headers.
    """

    def __init__(
        self, head: ResponseHead, response: Optional[httpcore.Response], exchange: Exchange
    ) -> None:
        self.head: ResponseHead = head
        self._response = response
        self._exchange = exchange
        self._left = head.length
        self._chunks: Iterator[bytes] = iter(()) if response is None else response.iter_stream()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # So that httpcore's log of it is dropped, too: it quotes what is malformed.
        token = current_exchange.set(self._exchange)
        try:
            return self._next()
        finally:
            current_exchange.reset(token)

    def _next(self) -> bytes:
        try:
            chunk = next(self._chunks, None)
            if chunk is not None and self._left is not None:
                self._left -= len(chunk)
                # Give the connection back before the client has it all, and may send the next request.
                if self._left == 0 and next(self._chunks, None) is None:
                    self._exchange.note_end(chunk)
                    self.close()
        except FAULTS:
            self.close()
            raise CutError("The response of the upstream ended early.") from None
        if chunk is None:
            if self._left is None:
                self._exchange.note_end()
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Give the connection back if the body was read to its end, or else close it."""
        # An idle connection must not keep the client's.
        self._exchange.is_client_gone = None
        if self._response is not None:
            self._response.close()


class BlockingForwarder:
    """Sends requests to one upstream.

    Args:
        route: how to reach it.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._pools: dict[int, httpcore.ConnectionPool] = {}
        # Not at exit: a thread that is in the middle of a request may hold the lock of the pool.
        weakref.finalize(self, _close_all, self._pools).atexit = False

    def send(
        self,
        request: OutgoingRequest,
        body: Optional[Iterable[bytes]],
        is_client_gone: Optional[Callable[[], bool]] = None,
    ) -> BlockingResponse:
        """Send a request, and return the response once its headers are there.

        Args:
            request: what to send.
            body: its body, if it has one.
            is_client_gone: tells whether nobody waits for the response any more.

        Raises:
            RefusedError: there is no usable response.
            ClientGoneError: nobody waits for it.
        """
        outgoing, exchange = self._route.request(request, body), Exchange(is_client_gone)
        try:
            response = self._respond(outgoing, exchange, may_repeat=request.may_repeat)
        except FAULTS as error:
            raise refusal_of(request, error) from None
        try:
            head = head_of(request, response, exchange)
        except RefusedError:
            response.close()
            raise
        if head.length == 0:
            self._finish(request, response, exchange)
            return BlockingResponse(head, None, exchange)
        return BlockingResponse(head, response, exchange)

    def _finish(
        self, request: OutgoingRequest, response: httpcore.Response, exchange: Exchange
    ) -> None:
        """Give the connection of a response without a body back."""
        try:
            # A body that must not be there would be taken for the beginning of the next response.
            exchange.note_end()
            if exchange.is_clean:
                response.read()
        except FAULTS as error:
            raise refusal_of(request, error) from None
        finally:
            response.close()

    def _respond(
        self, outgoing: httpcore.Request, exchange: Exchange, *, may_repeat: bool
    ) -> httpcore.Response:
        pool = self._pool()
        token = current_exchange.set(exchange)
        try:
            return pool.handle_request(outgoing)
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            if not may_repeat or not exchange.is_reused or exchange.has_response:
                raise
            # The next connection of the pool may be dead, too. A new one is no part of the pool.
            connection = pool.create_connection(outgoing.url.origin)
            return _closing(connection, connection.handle_request(outgoing))
        finally:
            exchange.is_in_head = False
            current_exchange.reset(token)

    def _pool(self) -> httpcore.ConnectionPool:
        """Return the pool of this process."""
        process = os.getpid()
        pool = self._pools.get(process)
        if pool is None:
            pool = self._pools.setdefault(process, self._new_pool())
            for parent in self._pools.keys() - {process}:
                _close_copies(self._pools.pop(parent, None))
        return pool

    def _new_pool(self) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=self._route.tls,
            proxy=self._route.proxy,
            max_connections=None,
            max_keepalive_connections=self._route.settings.pool_size,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Backend(),
        )


def _close_all(pools: dict[int, httpcore.ConnectionPool]) -> None:
    pool = pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()


def _close_copies(pool: Optional[httpcore.ConnectionPool]) -> None:
    """Close the sockets of the parent's pool, without its lock, which a lost thread may hold."""
    for connection in [] if pool is None else pool.connections:
        connection.close()


def _closing(
    connection: httpcore.ConnectionInterface, response: httpcore.Response
) -> httpcore.Response:
    """Close a connection with its response."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return iter(response.iter_stream())

        def close(self) -> None:
            connection.close()

    extensions = response.extensions
    return httpcore.Response(
        response.status, headers=response.headers, content=Body(), extensions=extensions
    )


class _Backend(httpcore.NetworkBackend):
    """Connects as httpcore does, and watches the streams."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _WatchedStream(self._inner.connect_tcp(*args, **kwargs))


class _WatchedStream(httpcore.NetworkStream):
    """A connection that notes in the exchange what happens on it."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._exchange: Optional[Exchange] = None

    def write(self, buffer: bytes, timeout: Optional[float] = None) -> None:
        exchange = current_exchange.get(None)
        if exchange is not None and exchange is not self._exchange:
            exchange.begin(is_reused=self._exchange is not None)
            self._exchange = exchange
        self._inner.write(buffer, timeout)

    def read(self, max_bytes: int, timeout: Optional[float] = None) -> bytes:
        exchange = self._exchange
        if exchange is None or timeout is None:
            return self._inner.read(max_bytes, timeout)
        left = exchange.seconds_left(timeout)
        while left > 0:
            step = left if exchange.is_client_gone is None else min(left, _GLANCE_SECONDS)
            try:
                data = self._inner.read(max_bytes, step)
            except httpcore.ReadTimeout:
                left -= step
                if exchange.is_client_gone is not None and exchange.is_client_gone():
                    raise ClientGoneError from None
            else:
                exchange.note(data)
                return data
        raise httpcore.ReadTimeout

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _WatchedStream(self._inner.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        # httpcore closes an idle connection with something to read.
        if info == "is_readable" and self._exchange is not None and not self._exchange.is_clean:
            return True
        return self._inner.get_extra_info(info)
