"""Servers in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import pytest

from tests.adapters.messages import Request
from tests.ports import free_port

from .guarded import HEADER, spelled
from .wire import HungUp, exchange

ROOT = Path(__file__).parents[2]
WATCHDOG = 30.0
_ANYBODY = (HEADER, spelled({"issuer": "https://acme.torii.so", "required": False}))


class RunningServer:
    """One server, until `stop`.

    Args:
        command: one of `SERVERS`.
        module: what it serves.
    """

    def __init__(self, command: tuple[str, ...], module: str) -> None:
        self.port = free_port()
        name, *arguments = [part.format(port=self.port, module=module) for part in command]
        self._name = name
        self._printed: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by stop)
        self._process = subprocess.Popen(
            [sys.executable, "-m", name, *arguments],
            env=_environment(),
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_up()

    def stop(self) -> None:
        """End the server, by its own process id."""
        self._process.terminate()
        try:
            self._process.wait(WATCHDOG)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(WATCHDOG)
            raise
        finally:
            self._printed.close()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + WATCHDOG
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                exchange(self.port, Request(), _ANYBODY)
            except (OSError, HungUp):
                time.sleep(0.05)
            else:
                return
        self._printed.seek(0)
        printed = self._printed.read()
        self.stop()
        pytest.fail(f"{self._name} did not start: {printed}")


def _environment() -> dict[str, str]:
    # The checkout comes last: where a wheel is installed, that is what is tested.
    path = os.pathsep.join([*(entry for entry in sys.path if entry), str(ROOT)])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TORII_")}
    return {**kept, "PYTHONPATH": path, "PYTHONDEVMODE": "", "PYTHONWARNINGS": "ignore"}
