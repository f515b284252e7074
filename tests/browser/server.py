"""A program that serves HTTP, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.clock import WATCHDOG

ROOT = Path(__file__).parents[2]


@contextmanager
def running(command: list[str], port: int, variables: Mapping[str, str]) -> Iterator[None]:
    """Run a Python module until it listens on a port, and stop it after the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TORII_")}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            # Safe path: -m imports what is installed, and not the checkout.
            env={**kept, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **variables},
            cwd=ROOT,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(process, port)
            yield
        except NotStarted:
            printed.seek(0)
            raise AssertionError(printed.read()) from None
        finally:
            process.terminate()
            process.wait(WATCHDOG)


class NotStarted(Exception):
    """The program ended, or doesn't listen."""


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + WATCHDOG
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), WATCHDOG).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise NotStarted
