"""RequestHandler: one connection, request after request."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_DRAINED_AT_ONCE = 64 * 1024
_DRAINED_AT_MOST = 64 * 1024 * 1024


class RequestHandler(WSGIRequestHandler):
    """A handler that keeps connections open, which werkzeug's own does not.

    It sends each answer at once and whole, logs nothing, and speaks JSON where it refuses broken
    HTTP.
    """

    close_connection: bool
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    error_content_type = "application/json"
    error_message_format = (
        '{"error":{"code":"invalid_request","message":"The request is not well-formed HTTP."}}'
    )

    def run_wsgi(self) -> None:
        """Answer one request, and read what the application left of its body."""
        try:
            environ = self.make_environ()
            body = _body(environ, self.headers.get_all("Content-Length", []))
        except ValueError:  # a request target that is no URL, such as http://[; or its length
            self.send_error(400)
            return
        environ["wsgi.input"] = body
        try:
            self._answer(environ, body)
            self._drain(body)
        except OSError:  # the client left, a chunk is malformed, or an outage drops the request
            self.close_connection = True

    def _answer(self, environ: WSGIEnvironment, body: _Body) -> None:
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
        # In one piece: the second of two small packets may wait for the first to be confirmed.
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + content)

    def _drain(self, body: _Body) -> None:
        """Read the rest of a body: the next request begins after it.

        A client that still sends reads no answer, so even a body that was refused is read.
        """
        read = 0
        while not body.broken and (chunk := body.read(_DRAINED_AT_ONCE)):
            read += len(chunk)
            if read > _DRAINED_AT_MOST:
                return

    def log_request(self, code: Union[int, str] = "-", size: Union[int, str] = "-") -> None:
        """Say nothing of a request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of a connection."""


class _Body(io.RawIOBase):
    """The body of a request, which ends before the connection does.

    Args:
        source: what to read it from.
        length: the length that was announced; None where the source knows its end.

    Attributes:
        left: how many bytes were not read yet; None as long as only the source knows.
        broken: whether nothing after the body can be understood, because its end is unknown.
    """

    def __init__(self, source: Any, length: Optional[int]) -> None:
        self._source = source
        self.left = length
        self.broken = False

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; none at the end.

        Raises:
            OSError: the client left, or a chunk is malformed.
        """
        try:
            return self._read_into(buffer)
        except OSError:
            self.broken = True
            raise

    def _read_into(self, buffer: Any) -> int:
        most = len(buffer) if self.left is None else min(len(buffer), self.left)
        chunk: bytes = self._source.read(most)
        if self.left:
            if not chunk:
                raise ConnectionAbortedError("The client left.")
            self.left -= len(chunk)
        elif most and not chunk:
            self.left = 0
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _can_be_drained(body: _Body) -> bool:
    return not body.broken and body.left is not None and body.left <= _DRAINED_AT_MOST


def _body(environ: WSGIEnvironment, lengths: Sequence[str]) -> _Body:
    """Find the body, whose length may be repeated, but is one number (RFC 9112 section 6.3)."""
    length, *others = {length.strip(" \t") for length in lengths} or {"0"}
    if others or not length.isascii() or not length.isdigit():
        raise ValueError("The length is no number.")
    source = environ["wsgi.input"]
    return _Body(source, None if environ.get("wsgi.input_terminated") else int(length))
