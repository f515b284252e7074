"""Proxy: connects every host name to one server on loopback, or refuses."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Any


class Proxy:
    """An HTTP proxy. Its tunnels end at `port`; without one it refuses them with status 407."""

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.target = port
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    target: int


class _Handler(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        assert isinstance(self.server, _Server)
        if not self.server.target:
            self.send_error(407)
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as upstream:
            self.send_response(200)
            self.end_headers()
            back = Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
