"""Whether the client of a WSGI request is gone, as far as servers let us know (19)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from torii_backend.wsgi.client_socket import ClientSocket

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        served, _ = listener.accept()
    with client, served:
        yield client, served


@pytest.mark.parametrize("name", ["gunicorn.socket", "werkzeug.socket"])
def test_a_client_that_closes_is_gone(pair: Pair, name: str) -> None:
    client, served = pair
    connection = ClientSocket({name: served})
    assert not connection.is_gone()
    client.close()
    served.recv(1)  # the news has come
    assert connection.is_gone()


def test_a_client_that_sends_its_next_request_is_there(pair: Pair) -> None:
    client, served = pair
    client.sendall(b"GET / HTTP/1.1\r\n")
    assert not ClientSocket({"gunicorn.socket": served}).is_gone()
    assert served.recv(3) == b"GET"


def test_a_socket_that_was_closed_is_that_of_a_client_that_is_gone(pair: Pair) -> None:
    _, served = pair
    served.close()
    assert ClientSocket({"gunicorn.socket": served}).is_gone()


def test_waitress_tells_by_a_function() -> None:
    gone = iter([False, True])
    connection = ClientSocket({"waitress.client_disconnected": lambda: next(gone)})
    assert [connection.is_gone(), connection.is_gone()] == [False, True]


@pytest.mark.parametrize("environ", [{}, {"gunicorn.socket": None}, {"werkzeug.socket": "x"}])
def test_nobody_knows_of_other_servers(environ: Any) -> None:
    connection = ClientSocket(environ)
    assert not connection.is_gone()
    connection.shut()


def test_a_connection_that_is_shut_ends_for_the_client(pair: Pair) -> None:
    client, served = pair
    ClientSocket({"gunicorn.socket": served}).shut()
    assert client.recv(1) == b""
    ClientSocket({"gunicorn.socket": served}).shut()
