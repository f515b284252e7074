"""Server: a WSGI application on a socket, served by background threads.

A server runs from its construction until `stop`, and does not start again. One thread accepts
connections. Each connection then has its own daemon thread, which serves its requests in
turn and mostly waits for the next one.
`_connections` holds the open sockets, so that `stop` can wake those threads. The accepting
thread adds to the set, and each connection's thread removes its own socket. `stop` reads it after
the accepting thread has ended, when nothing is added any more. No lock is needed: adding,
removing and copying a set are each atomic in CPython. A socket that was closed in the meantime
raises OSError at the shutdown, which is ignored.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer

from torii_backend.emulator.request_handler import RequestHandler
from torii_backend.emulator.validation import is_origin, web_origin
from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BACKLOG = 128
_POLL_SECONDS = 0.01
_REACHABLE_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound here)


def require_issuer(issuer: str) -> str:
    """Return an issuer in normal form: a URL without a path, and with http for any host."""
    origin = web_origin(issuer) if isinstance(issuer, str) else None
    if origin is None or not is_origin(issuer.removesuffix("/")):
        raise ConfigurationError(
            "issuer must be the URL that others reach the emulator at, without a path, such as "
            "http://torii:4100."
        )
    return origin


def require_host(host: str, allow_remote: bool) -> str:
    """Return a host to serve on: a loopback one, unless others are allowed."""
    if not isinstance(host, str) or not host:
        raise ConfigurationError("host must be a host name or an IP address, such as 127.0.0.1.")
    if not allow_remote and not is_loopback(host):
        raise ConfigurationError(
            "host must be a loopback address, such as 127.0.0.1. To serve other machines, pass "
            "allow_remote=True (--allow-remote in the shell)."
        )
    return host


def require_port(port: int) -> int:
    """Return a port to serve on."""
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise ConfigurationError("port must be a whole number from 0 to 65535, such as 4100.")
    return port


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. IPv6 addresses have no brackets, and port 0 picks a free port."""
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = (
                f"Port {port} of {host} is in use."
                " Stop the process that uses it, or pass another port (--port in the shell)."
            )
        else:
            message = f"The emulator cannot listen on port {port} of {host}: {error.strerror}."
        raise ConfigurationError(message) from error
    except (TypeError, UnicodeError) as error:  # a null character or a label that is too long
        raise ConfigurationError(
            "host must be a host name or an IP address, such as 127.0.0.1."
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # on Windows this would let two processes share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def origin(listener: socket.socket, host: str) -> str:
    """Return the origin of a listening socket. For a wildcard address it is the loopback."""
    name = _REACHABLE_AT.get(host, host)
    port = listener.getsockname()[1]
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class Server:
    """A running server. It takes over the listening socket."""

    def __init__(self, listener: socket.socket, application: WSGIApplication) -> None:
        host, port = listener.getsockname()[:2]
        # If werkzeug binds the port itself, it exits the process when the port is in use.
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
        """Free the port and close all connections, without waiting for running requests."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()


class _ThreadedServer(ThreadedWSGIServer):
    """A server that tracks its open connections."""

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
        """Wake the threads that wait for the next request, so that they close the connection."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
