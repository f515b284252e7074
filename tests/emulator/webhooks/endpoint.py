"""Endpoint: a receiver on loopback that records what it gets, and responds as a test decides."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.emulator.conftest import WATCHDOG
from torii_backend import Event, verify_webhook


class Received(NamedTuple):
    """A request. `length` is what it declared, which the body may not have."""

    path: str
    headers: dict[str, str]
    body: bytes
    length: int

    def event(self, secret: str) -> Event:
        """Verify it, and return its event."""
        return verify_webhook(secret=secret, headers=self.headers, payload=self.body)


class Endpoint:
    """Responds with the next of some statuses, and then with 200. A status of 0 closes the connection."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self.response = b'{"status":"ok"}'
        self.headers: dict[str, str] = {}
        # Clear it, and requests wait for it before they are answered.
        self.open = threading.Event()
        self.open.set()
        self.arrived = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/torii/events"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def types(self, secret: str) -> list[str]:
        """Verify all requests, and return the types of their events."""
        return [each.event(secret).type for each in self.received]


class _Server(ThreadingHTTPServer):
    endpoint: Endpoint
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        endpoint: Endpoint = self.server.endpoint
        length = int(self.headers["Content-Length"])
        headers = {name.lower(): value for name, value in self.headers.items()}
        endpoint.received.append(Received(self.path, headers, self.rfile.read(length), length))
        # In the order of arrival: those that wait are not woken in that order.
        status = endpoint.statuses.pop(0) if endpoint.statuses else 200
        endpoint.arrived.set()
        assert endpoint.open.wait(WATCHDOG)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in endpoint.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(endpoint.response)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""
