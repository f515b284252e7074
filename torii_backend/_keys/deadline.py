"""Deadline: the end of one HTTP exchange, whatever the server or a proxy does.

State: the sockets of the exchange, and whether the time is over. The timer's thread and the thread of
the exchange both change it, under `_lock`: a socket that is opened at the last moment is shut by one
of the two. The connections, which are closed at the end, belong to the latter.

Events: a connection begins, a connection is there, the time is over, the exchange ends.

The time runs from the moment when the host name is looked up: nothing can end a look-up. A slow one
must not make each fetch fail, and who waits for the keys has a deadline of their own (`Flight`).
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Optional

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

# For each address but the last, so that one which drops packets leaves time for the others.
CONNECT_SECONDS = 1.5


class Deadline:
    """Shuts the sockets of an HTTP exchange `seconds` after it begins to connect.

    `requests` restarts its read timeout with every byte, so a server or a proxy that drips could hold
    the connection for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at: Optional[float] = None
        self._timer = threading.Timer(seconds, self._shut_all)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._connections: list[Any] = []
        self.is_over: bool = False

    def __enter__(self) -> Deadline:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._timer.cancel()
        for connection in self._connections:
            connection.close()
        with self._lock:
            for sock in self._sockets:
                sock.close()

    def watched(self, session: requests.Session) -> requests.Session:
        """Return a copy of a session whose connections have this deadline, as far as they can."""
        if not issubclass(type(session), requests.Session):
            return session
        copy: requests.Session = _copy(session)
        # In the order of the session's own: the longest prefix comes first.
        copy.adapters = session.adapters.copy()  # type: ignore[attr-defined]
        for prefix, adapter in session.adapters.items():
            copy.adapters[prefix] = self._watched_adapter(adapter)
        return copy

    def connect(self, connection: Any) -> socket.socket:
        """Connect to the first address of a host that accepts a connection in time."""
        addresses = socket.getaddrinfo(connection._dns_host, connection.port, 0, socket.SOCK_STREAM)
        self.start()
        failure: OSError = OSError("no address")
        for remaining, (family, kind, protocol, _, address) in zip(
            range(len(addresses) - 1, -1, -1), addresses
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in connection.socket_options or ():
                    sock.setsockopt(*option)
                seconds = self._seconds_left()
                sock.settimeout(min(CONNECT_SECONDS, seconds) if remaining else seconds)
                if connection.source_address:
                    sock.bind(connection.source_address)
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                # Until requests sets its own: for a proxy's response and the TLS handshake.
                sock.settimeout(self._seconds_left())
                return sock
            if self.is_over:
                break
        raise failure

    def start(self) -> None:
        """Let the time run, if it does not yet."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + self._seconds
            self._timer.start()

    def watch(self, connection: Any, sock: socket.socket) -> None:
        """Shut the socket of a connection when the time is over, or now if it is."""
        self._connections.append(connection)
        # A second descriptor, because TLS takes this one away from the socket.
        watched = socket.fromfd(sock.fileno(), sock.family, sock.type)
        with self._lock:
            self._sockets.append(watched)
        if self.is_over:
            self._shut_all()

    def _seconds_left(self) -> float:
        assert self._ends_at is not None  # noqa: S101 (`start` comes first)
        # A time-out of 0 would mean not to wait at all, which is another kind of socket.
        return max(0.001, self._ends_at - time.monotonic())

    def _shut_all(self) -> None:
        with self._lock:
            self.is_over = True
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _watched_adapter(self, adapter: Any) -> Any:
        if not isinstance(adapter, HTTPAdapter) or not hasattr(adapter, "poolmanager"):
            return adapter
        copy: Any = _copy(adapter)
        # Else a server could have a session that retries sleep for hours.
        copy.max_retries = adapter.max_retries.new(respect_retry_after_header=False)
        copy.poolmanager = self._watched_manager(adapter.poolmanager)
        copy.proxy_manager = {}
        of_proxy = copy.proxy_manager_for

        def proxy_manager_for(*args: Any, **kwargs: Any) -> Any:
            return self._watched_manager(of_proxy(*args, **kwargs))

        copy.proxy_manager_for = proxy_manager_for
        return copy

    def _watched_manager(self, manager: Any) -> Any:
        copy = _copy(manager)
        copy.pools = type(manager.pools)(1)
        copy.pool_classes_by_scheme = {
            scheme: _watched_pool(pool, self)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }
        return copy


def _copy(thing: Any) -> Any:
    """Return a shallow copy; `copy.copy` would leave out what requests doesn't pickle."""
    copy = object.__new__(type(thing))
    copy.__dict__.update(thing.__dict__)
    return copy


def _watched_pool(pool: Any, deadline: Deadline) -> Any:
    original: Any = pool.ConnectionCls
    # Others, such as that of a SOCKS proxy, connect in their own way.
    is_plain = original._new_conn is HTTPConnection._new_conn

    class Watched(original):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            if is_plain:
                try:
                    sock = deadline.connect(self)
                except OSError as error:
                    raise NewConnectionError(self, f"not connected: {error}") from error
            else:
                deadline.start()
                sock = super()._new_conn()
            deadline.watch(self, sock)
            return sock

        def _tunnel(self) -> None:
            super()._tunnel()
            # http.client takes the end of the connection for the end of the proxy's headers.
            if deadline.is_over:
                raise TimeoutError

    return type(pool.__name__, (pool,), {"ConnectionCls": Watched})
