"""The body of a refused upload is read and dropped under gunicorn, within bounds."""

from __future__ import annotations

import socket
from typing import Any, Callable, Optional

import pytest
from flask import Flask

from torii_backend.flask import Torii
from torii_backend.wsgi import AuthMiddleware

from . import bare
from .django_project import MIDDLEWARE, view, wsgi_handler
from .messages import Request
from .transport import environ_of


def _flask(issuer: str) -> Any:
    app = Flask("guarded")
    Torii(app, issuer=issuer)
    return app


APPS: dict[str, Callable[[str], Any]] = {
    "wsgi": lambda issuer: AuthMiddleware(bare.wsgi, issuer=issuer),
    "flask": _flask,
    "django": lambda issuer: wsgi_handler(view, MIDDLEWARE=[MIDDLEWARE], TORII={"ISSUER": issuer}),
}


class Stream:
    """A request's body, read from a socket; or one without end."""

    def __init__(self, sock: Optional[socket.socket]) -> None:
        self.count = 0
        self._sock = sock

    def read(self, size: int) -> bytes:
        chunk = bytes(size) if self._sock is None else self._sock.recv(size)
        self.count += len(chunk)
        return chunk

    readline = read  # Django looks it up


@pytest.mark.parametrize("framework", APPS)
@pytest.mark.parametrize(
    ("headers", "sent", "read"),
    [
        ({"CONTENT_LENGTH": "50000"}, 50_000, 50_000),
        # A client that stalls is waited for, but not for long.
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 50_000, 50_000),
        ({"CONTENT_LENGTH": "9999999"}, None, 1024 * 1024),
        ({"CONTENT_LENGTH": "50000", "HTTP_EXPECT": "100-continue"}, 50_000, 0),
        ({"CONTENT_LENGTH": "0"}, 50_000, 0),
        ({}, 50_000, 0),
    ],
)
def test_the_body_of_a_refused_upload_is_dropped(
    issuer: str, framework: str, headers: dict[str, str], sent: Optional[int], read: int
) -> None:
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> None:
        statuses.append(status)

    client, server = socket.socketpair()
    with client, server:
        client.sendall(bytes(sent or 0))
        stream = Stream(None if sent is None else server)
        environ: dict[str, Any] = {
            **environ_of(Request(method="POST")),
            "wsgi.input": stream,
            "gunicorn.socket": server,
            **headers,
        }
        list(APPS[framework](issuer)(environ, start_response))
    assert (statuses[0][:3], stream.count) == ("401", read)
