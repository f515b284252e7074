"""HTTP/1.1 on a socket: what is asked is sent as it stands, and what comes is read to its last byte."""

from __future__ import annotations

import socket
from typing import Optional

from tests.adapters.messages import Request, Response

_PATIENCE = 30.0
# Headers that a server adds itself.
_OF_THE_SERVER = {"connection", "date", "keep-alive", "server", "transfer-encoding"}


class HungUp(Exception):
    """There was no answer."""


def exchange(port: int, request: Request, *more: tuple[str, str]) -> Response:
    """Send one request to a loopback port over a new connection.

    Args:
        port: the port.
        request: the request.
        more: headers to send beside those of the request.

    Raises:
        OSError: there is no server.
        HungUp: the server closed the connection without an answer.
    """
    headers = [("Host", request.host), ("Connection", "close"), *more, *request.headers]
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    answer = b""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        try:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            while received := connection.recv(65536):
                answer += received
        except ConnectionError:
            pass  # as good as the end, where the server has not read all of the request
    if not answer:
        raise HungUp
    return _parsed(answer, head=request.method == "HEAD")


def upload(port: int, body: bytes, *headers: tuple[str, str]) -> int:
    """Send a request with a body, all of it before reading, as nginx does; return the status.

    Raises:
        ConnectionError: the server closed the connection too early.
    """
    named = [("Host", "localhost"), ("Content-Length", str(len(body))), *headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in named)
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        # With little room in between, only a server that reads lets us send all of it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(f"POST / HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        connection.sendall(body)
        with connection.makefile("rb") as response:
            return int(response.readline().split()[1])


def _parsed(answer: bytes, *, head: bool) -> Response:
    top, _, rest = answer.partition(b"\r\n\r\n")
    status_line, *fields = top.decode("latin-1").split("\r\n")
    pairs = [field.partition(":") for field in fields]
    headers = [(name.lower(), value.strip()) for name, _, value in pairs]
    chunks = [rest]
    if not head:
        chunks = _dechunked(rest) if ("transfer-encoding", "chunked") in headers else [rest]
        length = _length(headers)
        assert length in (None, len(rest)), "the body is not as long as its Content-Length says"
    sent = tuple(chunk for chunk in chunks if chunk)
    shown = tuple(header for header in headers if header[0] not in _OF_THE_SERVER)
    return Response(int(status_line.split()[1]), shown, b"".join(sent), sent)


def _length(headers: list[tuple[str, str]]) -> Optional[int]:
    lengths = [int(value) for name, value in headers if name == "content-length"]
    return lengths[0] if lengths else None


def _dechunked(rest: bytes) -> list[bytes]:
    """Split a chunked body (RFC 9112 section 7.1) as it was sent."""
    chunks: list[bytes] = []
    while True:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return chunks
        chunks.append(rest[:size])
        rest = rest[size + 2 :]
