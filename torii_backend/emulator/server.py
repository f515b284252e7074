"""Server: a WSGI application on a socket, served by background threads."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer

from torii_backend.emulator.request_handler import RequestHandler
from torii_backend.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BACKLOG = 128
_POLL_SECONDS = 0.01
_REACHABLE_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound here)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket, from which on clients can connect.

    Args:
        host: the name or address to bind; IPv6 addresses come without brackets.
        port: the port to bind; 0 lets the system choose one.

    Raises:
        ConfigurationError: the address cannot be bound.
    """
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} of {host} is in use: stop its owner or choose another port."
        else:
            message = f"The emulator cannot listen on port {port} of {host}: {error.strerror}."
        raise ConfigurationError(message) from error
    except (TypeError, UnicodeError) as error:  # a null character, or a label that is too long
        raise ConfigurationError(f"{host!r} is not a host name or address.") from error


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere this would let two processes share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def origin(listener: socket.socket, host: str) -> str:
    """Give the origin under which a listening socket is reached, without trailing slash.

    Args:
        listener: a socket from `listen`.
        host: the host it was bound to; for a wildcard address the origin names the loopback.
    """
    name = _REACHABLE_AT.get(host, host)
    port = listener.getsockname()[1]
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class Server:
    """An application that is being served, from the moment of construction until `stop`.

    Args:
        listener: a socket from `listen`; the server takes it over.
        application: the WSGI application.
    """

    def __init__(self, listener: socket.socket, application: WSGIApplication) -> None:
        host, port = listener.getsockname()[:2]
        # Left to bind by itself, werkzeug prints and exits the process where a port is in use.
        with listener:
            self._server = _ThreadedServer(
                host, port, application, RequestHandler, fd=listener.fileno()
            )
        self._thread = Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="torii-emulator",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Free the port and close all connections; requests under way are not waited for."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()


class _ThreadedServer(ThreadedWSGIServer):
    """A server that knows its open connections, most of which idle until the next request."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        """Wake the threads that wait for more on a connection, so that they close it."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
