"""The servers of a plain run, each in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.clock import WATCHDOG

from . import proxied

_requests: set[threading.Thread] = set()
_servers: list[uvicorn.Server] = []


def wait_until_idle() -> None:
    """Wait until no request is served: what one does at its end, others would find in the log."""
    deadline = time.monotonic() + WATCHDOG
    while _requests or any(server.server_state.tasks for server in _servers):
        assert time.monotonic() < deadline
        time.sleep(0.005)


class _Quiet(WSGIRequestHandler):
    def handle(self) -> None:
        thread = threading.current_thread()
        _requests.add(thread)
        try:
            super().handle()
        finally:
            _requests.discard(thread)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing of odd requests."""


@contextmanager
def werkzeug_server() -> Iterator[int]:
    """Run werkzeug's development server; give its port."""
    server = make_server("127.0.0.1", 0, proxied.wsgi, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join(WATCHDOG)
        assert not thread.is_alive()
        server.server_close()
        proxied.forget()


@contextmanager
def uvicorn_server() -> Iterator[int]:
    """Run uvicorn; give its port."""
    config = uvicorn.Config(
        proxied.asgi, port=0, lifespan="on", ws="none", log_config=None, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    assert server.started
    _servers.append(server)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        _servers.remove(server)
        server.should_exit = True
        thread.join(WATCHDOG)
        assert not thread.is_alive()


RUNNING = {"uvicorn": uvicorn_server, "werkzeug": werkzeug_server}
