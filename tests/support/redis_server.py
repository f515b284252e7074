"""A redis-server of our own on a free loopback port, for tests that need a real one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

import pytest

from tests.ports import free_port

from .clock import WATCHDOG


class RedisServer:
    """A redis-server with its data in a folder, where they outlive a restart.

    `settings` are those of redis.conf, such as `requirepass="secret"`.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings = {"appendonly": "yes", "save": "", **settings}
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "logfile": "redis.log",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        # Its log is a file. A pipe of this process must not stay open because of it.
        self._process = subprocess.Popen(
            [_path(), *options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + WATCHDOG
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended: see redis.log"
            assert time.monotonic() < deadline, "redis-server doesn't answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(WATCHDOG)

    def restart(self, *, empty: bool = False) -> None:
        """Kill it and start it again on the same port, with or without what it has stored."""
        self.kill()
        if empty:
            shutil.rmtree(self._folder)
        self.start()

    def freeze(self) -> None:
        """Stop it as SIGSTOP does: connections stay open, and nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """End `freeze`."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(64)
        except OSError:
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Give a running redis-server; skip the test if there is none, or no client."""
    require_redis()
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def require_redis() -> None:
    """Skip the test if redis-server or its client is missing; fail where `tox -e redis` runs."""
    missing = missing_for_redis()
    if missing:
        sentence = f"{missing} must be installed; `tox run -e redis` needs both."
        if "TORII_TESTS_NEED_REDIS" in os.environ:
            pytest.fail(sentence)
        pytest.skip(sentence)


def missing_for_redis() -> str:
    """Return which of redis-server and its client is missing."""
    missing = [] if _path() else ["redis-server"]
    missing += [] if find_spec("redis") else ["the package redis"]
    return " and ".join(missing)


def _path() -> str:
    return shutil.which("redis-server") or ""
