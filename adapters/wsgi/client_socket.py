"""Whether the client of a WSGI request is gone: WSGI doesn't say, but some servers lend their socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Optional

from torii_backend.proxy.readable import Readable

# gunicorn, and the development server of Flask and werkzeug.
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")


class ClientSocket:
    """The connection of a client.

    Args:
        environ: the WSGI environ.
    """

    def __init__(self, environ: Mapping[str, Any]) -> None:
        found = (environ.get(name) for name in _SOCKETS)
        self._socket: Optional[socket.socket] = next(
            (each for each in found if isinstance(each, socket.socket)), None
        )
        # waitress tells, if its `channel_request_lookahead` is set.
        self._is_gone: Any = environ.get("waitress.client_disconnected")

    def is_gone(self) -> bool:
        """Return whether the client has closed its side; False if the server doesn't let us know."""
        if self._socket is None:
            return callable(self._is_gone) and bool(self._is_gone())
        try:
            if not Readable(self._socket)():
                return False
            # Of the plain socket, because a TLS socket can't be asked without reading from it.
            return not socket.socket.recv(self._socket, 1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Bound each wait for the client's bytes, if the server lends its socket."""
        if self._socket is None:
            yield
            return
        usual = self._socket.gettimeout()
        self._socket.settimeout(seconds if usual is None else min(seconds, usual))
        try:
            yield
        finally:
            with suppress(OSError):
                self._socket.settimeout(usual)

    def shut(self) -> None:
        """End the connection, so that a response that was cut can't look whole."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
