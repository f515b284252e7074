"""RequestHandler: the requests of one connection."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

from werkzeug.serving import WSGIRequestHandler

from torii_backend._guard.raw_input import read_some

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_DRAIN_CHUNK = 64 * 1024
_MAX_DRAINED = 64 * 1024 * 1024


class RequestHandler(WSGIRequestHandler):
    """A quiet handler with keep-alive, which werkzeug's own lacks, and with JSON errors."""

    close_connection: bool
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    error_content_type = "application/json"
    error_message_format = (
        '{"error":{"code":"invalid_request","message":"The request is not valid HTTP."}}'
    )

    def run_wsgi(self) -> None:
        """Handle one request, and read the rest of its body."""
        try:
            environ = self.make_environ()
            body = _body(environ, self.headers.get_all("Content-Length", []))
        except ValueError:  # an invalid request target, such as http://[, or Content-Length
            self.send_error(400)
            return
        environ["wsgi.input"] = body
        try:
            self._respond(environ, body)
            self._drain(body)
        except OSError:  # a lost client, a malformed chunk, or an outage
            self.close_connection = True

    def _respond(self, environ: WSGIEnvironment, body: _Body) -> None:
        head: list[str] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            head.append(f"{self.protocol_version} {status}")
            head.extend(f"{name}: {value}" for name, value in headers)
            return self.wfile.write

        content = b"".join(self.server.app(environ, start_response))
        self.close_connection = self.close_connection or not _can_be_drained(body)
        head.append(f"Date: {self.date_time_string()}")
        head.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        # Send one packet: a second small one could wait until the first is acknowledged.
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + content)

    def _drain(self, body: _Body) -> None:
        """Read the rest of a body, because the next request begins after it.

        A client that is still sending doesn't read the response, so rejected bodies are read too.
        """
        read = 0
        while not body.broken and (chunk := body.read(_DRAIN_CHUNK)):
            read += len(chunk)
            if read > _MAX_DRAINED:
                return

    def log_request(self, code: Union[int, str] = "-", size: Union[int, str] = "-") -> None:
        """Log nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""


class _Body(io.RawIOBase):
    """The body of a request on a connection that stays open.

    `left` is the number of unread bytes, or None for a chunked body whose end wasn't reached.
    `broken` means that the end can't be found, so the connection is of no further use.
    """

    def __init__(self, source: Any, length: Optional[int]) -> None:
        self._source = source
        self.left = length
        self.broken = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes, or none at the end."""
        try:
            return self._read_into(buffer)
        except OSError:
            self.broken = True
            raise

    def _read_into(self, buffer: Any) -> int:
        most = len(buffer) if self.left is None else min(len(buffer), self.left)
        chunk = read_some(self._source, most)
        if self.left:
            if not chunk:
                raise ConnectionAbortedError("The client closed the connection.")
            self.left -= len(chunk)
        elif most and not chunk:
            self.left = 0
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _can_be_drained(body: _Body) -> bool:
    return not body.broken and body.left is not None and body.left <= _MAX_DRAINED


def _body(environ: WSGIEnvironment, lengths: Sequence[str]) -> _Body:
    """Return the body. Repeated lengths must be equal, and none is beside chunks (RFC 9112 section 6.3)."""
    length, *others = {length.strip(" \t") for length in lengths} or {"0"}
    if others or not length.isascii() or not length.isdigit():
        raise ValueError("Content-Length must be one number.")
    is_chunked = environ.get("wsgi.input_terminated")
    if is_chunked and lengths:
        raise ValueError("A body must not have both a Content-Length and a Transfer-Encoding.")
    return _Body(environ["wsgi.input"], None if is_chunked else int(length))
