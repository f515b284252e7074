"""Deadline: the end of one HTTP exchange, whatever the server does.

State: the sockets of the exchange, and whether the time is over. The timer's thread sets `is_over`
first and then shuts the sockets; `watch` adds its socket first and then looks at `is_over`. So a
socket that is opened at the last moment is shut by one of the two, without a lock.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Optional

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """Shuts the sockets of an HTTP exchange `seconds` after the with block is entered.

    `requests` restarts its read timeout with every byte, so a server that drips could hold the
    connection for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._shut_all)
        self._timer.daemon = True
        self._sockets: list[socket.socket] = []
        self.is_over: bool = False

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._timer.cancel()

    def watch(self, sock: socket.socket) -> None:
        """Shut this socket when the time is over, or now if it is."""
        self._sockets.append(sock)
        if self.is_over:
            self._shut_all()

    def _shut_all(self) -> None:
        self.is_over = True
        for sock in self._sockets:
            # Of the plain socket, because a TLS socket's own method would drop its encryption.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter with a deadline for its connections."""

    def __init__(self, deadline: Deadline) -> None:
        self._pool_classes = _watched_pools(deadline)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pool manager, for requests."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Create the pool manager of a proxy, for requests."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pool_classes
        return manager


def _watched_pools(deadline: Deadline) -> dict[str, Any]:
    class WatchedHTTPConnection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class WatchedHTTPSConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls: Any = WatchedHTTPConnection

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls: Any = WatchedHTTPSConnection

    return {"http": HTTPPool, "https": HTTPSPool}
