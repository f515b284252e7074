"""Server: a WSGI application on a socket, served by background threads."""

from __future__ import annotations

import errno
import os
import socket
from threading import Thread
from typing import TYPE_CHECKING, Any, Union

from werkzeug.serving import WSGIRequestHandler, make_server

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
            self._server = make_server(
                host,
                port,
                application,
                threaded=True,
                request_handler=_QuietHandler,
                fd=listener.fileno(),
            )
        self._thread = Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="torii-emulator",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections and free the port; requests under way are not waited for."""
        self._server.shutdown()
        self._thread.join()


class _QuietHandler(WSGIRequestHandler):
    """A request handler that logs nothing and speaks JSON where it refuses broken HTTP."""

    error_content_type = "application/json"
    error_message_format = (
        '{"error":{"code":"invalid_request","message":"The request is not well-formed HTTP."}}'
    )

    def run_wsgi(self) -> None:
        try:
            super().run_wsgi()
        except ValueError:  # a request target that is no URL, such as http://[
            self.send_error(400)

    def log_request(self, code: Union[int, str] = "-", size: Union[int, str] = "-") -> None:
        pass

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass
