"""JwksServer: a tenant host on loopback whose responses a test decides."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from ssl import SSLContext
from typing import Any, NamedTuple, Optional, TypeVar

from .clock import WATCHDOG
from .issuer import SigningKey, jwks

T = TypeVar("T")


class Received(NamedTuple):
    """A request."""

    path: str
    headers: Message


class Response(NamedTuple):
    """What to send: an HTTP response, or `raw` pieces instead of one."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    raw: Optional[Iterable[bytes]] = None


class JwksServer:
    """Records each request, and sends the response that is set when the request arrives."""

    def __init__(self, *keys: SigningKey, tls: Optional[SSLContext] = None) -> None:
        self.requests: list[Received] = []
        self.hung_up = threading.Event()
        self._changed = threading.Condition()
        self._gate = threading.Event()
        self._gate.set()
        self._response = Response()
        self.publish(*keys)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.tenant = self
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.issuer = self.issuer.replace("http", "https")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def publish(self, *keys: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.respond_with(Response(jwks(*keys), headers=headers))

    def respond_with(self, response: Response) -> None:
        self._response = response

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delay the responses to requests that arrive in this block until it ends."""
        gate = self._gate = threading.Event()
        try:
            yield
        finally:
            gate.set()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, WATCHDOG)

    def stop(self) -> None:
        self._gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        with self._changed:
            # Read before the test knows of the request and sets another response.
            response, gate = self._response, self._gate
            self.requests.append(Received(handler.path, handler.headers))
            self._changed.notify_all()
        assert gate.wait(WATCHDOG)
        if response.raw is None:
            handler.send_response(response.status)
            for name, value in (("Content-Length", str(len(response.body))), *response.headers):
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(response.body)
        else:
            for piece in response.raw:
                handler.wfile.write(piece)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a new event loop, with a time limit."""
    return asyncio.run(asyncio.wait_for(coroutine, WATCHDOG))


async def arrived(server: JwksServer, count: int) -> None:
    """Wait, without blocking the loop, until so many requests have arrived."""
    await asyncio.get_running_loop().run_in_executor(None, server.wait_for, count)


def settle() -> None:
    """Wait until no KeyStore of this process is fetching."""
    for thread in threading.enumerate():
        if thread.name == "torii-keystore":
            thread.join(WATCHDOG)
            assert not thread.is_alive()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    tenant: JwksServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        if isinstance(sys.exc_info()[1], ConnectionError):
            self.tenant.hung_up.set()
        else:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.tenant.respond(self)

    def do_CONNECT(self) -> None:
        self.server.tenant.respond(self)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.tenant.respond(self)

    def log_message(self, *_: Any) -> None:
        pass
