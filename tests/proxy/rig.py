"""Rig: a client, a server with the proxy, and an upstream; and the list of behaviours that is run on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple

from .client import Client, HungUp, Response
from .proxied import HEADER, spelled
from .upstream import Exchange, Upstream

HOST = b"testserver"
_CLOSE = b"Connection: close"
# More than any wait for a server takes; a proxy must be told to wait less.
PATIENT = (30.0, 30.0)


class Rig(NamedTuple):
    """One server that is running, with an upstream of this test alone.

    Attributes:
        server: its name.
        port: where it listens.
        upstream: where the proxy sends requests.
    """

    server: str
    port: int
    upstream: Upstream

    def request(
        self,
        target: bytes,
        *fields: bytes,
        method: bytes = b"GET",
        body: bytes = b"",
        app: str = "bare",
        host: bytes = HOST,
        **options: Any,
    ) -> bytes:
        """Make the bytes of a request. Options are keywords of ToriiProxy.

        It closes its connection, unless a field says something else.
        """
        keywords = {"upstream": self.upstream.url, "timeout": PATIENT, **options}
        rig = f"{HEADER}: {spelled(app, keywords)}".encode()
        if not any(field.startswith(b"Connection:") for field in fields):
            fields = (_CLOSE, *fields)
        line = b"%b %b HTTP/1.1" % (method, target)
        return b"\r\n".join([line, b"Host: " + host, rig, *fields, b"", body])

    def ask(
        self, target: bytes = b"/_torii/client", *fields: bytes, body: bytes = b"", **options: Any
    ) -> Response:
        """Send a request over a connection of its own, and read the response.

        A body gets its Content-Length.
        """
        if body:
            fields = (*fields, b"Content-Length: %d" % len(body))
        return self.exchange(
            self.request(target, *fields, body=body, **options),
            to_head=options.get("method") == b"HEAD",
        )

    def exchange(self, request: bytes, *, to_head: bool = False) -> Response:
        """Send bytes over a connection of their own, and read the response.

        If the request closes the connection, wait for that: the server is done with it then, and the
        proxy's own connection is free for the next request.
        """
        with self.connect() as client:
            client.send(request)
            response = client.read_response(to_head=to_head)
            if _CLOSE in request:
                assert client.read_to_end() == b""
            return response

    def forwarded(self, *fields: bytes, **options: Any) -> Exchange:
        """Send a request; return it as it came to the upstream."""
        response = self.ask(b"/_torii/client", *fields, **options)
        assert response.status == 200, response
        return self.upstream.only

    def forwarded_bytes(self, request: bytes) -> Exchange:
        """Send bytes; return the request as it came to the upstream."""
        response = self.exchange(request)
        assert response.status == 200, response
        return self.upstream.only

    @contextmanager
    def connect(self) -> Iterator[Client]:
        """Give a connection to the server."""
        with Client(self.port) as client:
            yield client

    def sends_nothing(self, request: bytes, *statuses: int) -> None:
        """Assert that a request gets one of some statuses, and that nothing of it is sent.

        A server may also refuse it itself, or close the connection.
        """
        try:
            status = self.exchange(request).status
        except HungUp:
            status = 400
        assert status in (*statuses, *REFUSED_BY_SERVER), (status, request[-200:])
        assert self.upstream.requests == [], request[-200:]


REFUSED_BY_SERVER = (400, 405, 414, 431, 501, 505)

Behaviour = Callable[[Rig], None]

BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(check: Behaviour) -> Behaviour:
    """Put a function on the list; its name says what the proxy does."""
    assert check.__name__ not in BEHAVIOURS
    BEHAVIOURS[check.__name__] = check
    return check
