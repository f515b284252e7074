"""Connections: kept open between requests, whatever became of the one before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from torii_backend.emulator import Emulator

from .conftest import WATCHDOG, Wire

if TYPE_CHECKING:
    import socket

JWKS = "/_torii/.well-known/jwks.json"
USERS = "/api/server/v1/users"


@pytest.fixture
def connection(wire: Wire) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(*wire.address, timeout=WATCHDOG)
    yield connection
    connection.close()


def _status(connection: HTTPConnection, method: str, path: str, body: bytes = b"") -> int:
    """Send a request and read the response whole. Return its status."""
    connection.request(method, path, body=body or None)
    with connection.getresponse() as response:
        response.read()
        return response.status


def _socket(connection: HTTPConnection) -> socket.socket:
    found: socket.socket = connection.sock
    return found


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", JWKS, b"", 200),
        ("HEAD", JWKS, b"", 200),
        ("GET", "/nothing", b"", 404),
        ("DELETE", JWKS, b'{"unread": true}', 405),
        ("POST", USERS, b'{"email": "ada@example.com"}', 401),
        ("POST", "/_emulator/tokens", b"{", 400),
        ("POST", "/_emulator/tokens", b" " * 2_000_000, 413),
    ],
)
def test_the_next_request_goes_over_the_same_connection(
    connection: HTTPConnection, method: str, path: str, body: bytes, status: int
) -> None:
    assert _status(connection, "GET", JWKS) == 200
    before = _socket(connection)
    assert _status(connection, method, path, body) == status
    assert _status(connection, "GET", JWKS) == 200
    assert _socket(connection) is before


def test_requests_may_be_sent_ahead(wire: Wire) -> None:
    head = f"POST {USERS} HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{{}}GET {JWKS} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
    with wire.raw(head) as connection:
        responses = connection.makefile("rb").read()
    assert responses.startswith(b"HTTP/1.1 401 ")
    assert b"HTTP/1.1 200 OK\r\n" in responses


@pytest.mark.parametrize(
    "head", ["HTTP/1.0\n\n", "HTTP/1.1\nHost: localhost\nConnection: close\n\n"]
)
def test_a_connection_closes_if_the_client_asks_for_it(wire: Wire, head: str) -> None:
    with wire.raw(f"GET {JWKS} {head}") as connection:
        assert b"\r\nConnection: close\r\n" in connection.makefile("rb").read()


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: x\n\n",
        "Content-Length: -2\n\n",
        "Content-Length: +2\n\n{}",
        "Content-Length: \n\n",
        "Content-Length: 2, 2\n\n{}",
        "Content-Length: 2\nContent-Length: 200\n\n{}",
        "Content-Length: 200\nContent-Length: 2\n\n{}",
        "Content-Length: x\nContent-Length: 2\n\n{}",
        "Content-Length: x\nTransfer-Encoding: chunked\n\n0\n\n",
        "Content-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n",
        "Transfer-Encoding: chunked\n\nzz\n",
    ],
)
def test_a_body_whose_end_is_unknown_closes_the_connection(wire: Wire, head: str) -> None:
    with wire.raw(f"POST /_emulator/tokens HTTP/1.1\nHost: localhost\n{head}") as connection:
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    ["Content-Length: 2\nContent-Length: 2\n\n{}", "Content-Length: 2 \n\n{}"],
)
def test_a_length_may_be_repeated(wire: Wire, head: str) -> None:
    with wire.raw(
        f"POST /_emulator/tokens HTTP/1.1\nHost: localhost\nConnection: close\n{head}"
    ) as connection:
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("head", "fate"),
    [
        (f"Content-Length: {64 * 1024 * 1024 + 1}", b"close"),
        (f"Content-Length: {64 * 1024 * 1024}", b"keep-alive"),
        ("Transfer-Encoding: chunked", b"close"),
    ],
)
def test_a_response_says_whether_the_connection_stays_open(
    wire: Wire, head: str, fate: bytes
) -> None:
    with wire.raw(f"DELETE {JWKS} HTTP/1.1\nHost: localhost\n{head}\n\n") as connection:
        response = connection.makefile("rb")
        assert response.readline().startswith(b"HTTP/1.1 405 ")
        assert b"Connection: " + fate + b"\r\n" in iter(response.readline, b"\r\n")


def test_a_complete_chunked_body_keeps_the_connection_open(
    connection: HTTPConnection,
) -> None:
    for _ in range(2):
        connection.request("POST", "/_emulator/tokens", body=iter([b"{", b"}"]))
        with connection.getresponse() as response:
            assert (response.status, response.headers["Connection"]) == (200, "keep-alive")
            response.read()


def test_stop_closes_connections_that_idle() -> None:
    with Emulator() as torii:
        connection = HTTPConnection(*Wire(torii.issuer).address, timeout=WATCHDOG)
        assert _status(connection, "GET", JWKS) == 200
        began = time.monotonic()
        torii.stop()
        assert time.monotonic() - began < WATCHDOG / 2
        assert _socket(connection).recv(1) == b""
        connection.close()
