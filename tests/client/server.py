"""ApiServer: a REST API on loopback that a test scripts and watches."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from ssl import SSLContext
from typing import Any, Callable, NamedTuple, Optional, Union

WATCHDOG = 30.0


class Received(NamedTuple):
    """One request that arrived."""

    method: str
    target: str  # the path with its query, as sent
    headers: Message
    body: bytes
    connection: int  # counted from 1

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Response(NamedTuple):
    """What to send: an HTTP response, or `raw` pieces in place of one, after which it hangs up."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    raw: Optional[Iterable[bytes]] = None


HANG_UP = Response(raw=())

Scripted = Union[Response, Callable[[Received], Response]]


def as_json(value: Any, status: int = 200, **headers: str) -> Response:
    """Make a response of a value; `Retry_After="1"` gives a header Retry-After."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return Response(status, json.dumps(value).encode(), tuple(named.items()))


def again(status: int) -> Response:
    """Make a response that asks for another try."""
    return as_json({"title": "Later."}, status, Retry_After="0")


def as_bytes(response: Response) -> bytes:
    """Write a response down as it is sent, with its length unless it names one or can have none."""
    headers = dict(response.headers)
    if response.status != 204:  # RFC 9110 section 8.6
        headers.setdefault("Content-Length", str(len(response.body)))
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {response.status} Scripted\r\n{''.join(lines)}\r\n"
    return head.encode("latin-1") + response.body


def endless(head: bytes) -> Iterator[bytes]:
    """Make the pieces of a response whose body never ends."""
    yield head
    while True:
        yield b"x" * 1_000_000


class ApiServer:
    """Gives the scripted responses in turn, the last one for ever; records every request before."""

    def __init__(self, tls: Optional[SSLContext] = None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._changed = threading.Condition()
        self._responses: deque[Scripted] = deque([as_json({})])
        self._gate = threading.Event()
        self._gate.set()
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.url = self.url.replace("http", "https")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.002,))
        self._thread.start()

    def respond_with(self, *responses: Scripted) -> None:
        """Set the script from here on; a function makes its response from the request."""
        with self._changed:
            self._responses = deque(responses)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the requests that arrive in this block without a response until its end."""
        self._gate.clear()
        try:
            yield
        finally:
            self._gate.set()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, WATCHDOG)

    def wait_until_open(self, count: int) -> None:
        """Wait until no more than so many connections are open."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._open) <= count, WATCHDOG)

    def stop(self) -> None:
        self._gate.set()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._server.server_close()

    def opened(self, connection: socket.socket) -> int:
        with self._changed:
            self._open.add(connection)
            self.connections += 1
            return self.connections

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def respond(self, handler: _Handler) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(size)
        request = Received(
            handler.command, handler.path, handler.headers, body, handler.connection_number
        )
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            scripted = self._responses.popleft() if len(self._responses) > 1 else self._responses[0]
        self._gate.wait(WATCHDOG)
        response = scripted if isinstance(scripted, Response) else scripted(request)
        if response.raw is not None:
            handler.close_connection = True
            for piece in response.raw:
                handler.wfile.write(piece)
            return
        handler.wfile.write(as_bytes(response))


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    api: ApiServer

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.api.closed(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    connection_number: int

    def setup(self) -> None:
        super().setup()
        self.connection_number = self.server.api.opened(self.connection)

    def respond(self) -> None:
        self.server.api.respond(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass
