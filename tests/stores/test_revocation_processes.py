"""What one process revokes, the others refuse."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from tests.support.clock import WATCHDOG
from tests.support.redis_server import RedisServer
from torii_backend import Revocations
from torii_backend.emulator import Emulator


@pytest.mark.parametrize(("mode", "count"), [("idle", 8), ("busy", 8), ("forked", 1)])
def test_a_ban_bites_in_every_process(redis_server: RedisServer, mode: str, count: int) -> None:
    if mode == "forked" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    with Emulator() as torii, ExitStack() as running:
        token = torii.issue_token(user_id="user_ada").access_token
        arguments = (mode, redis_server.url, torii.issuer, token)
        pipes = [running.enter_context(_started(*arguments)) for _ in range(count)]
        assert [pipe.readline() for pipe in pipes] == ["ready\n"] * count
        began = time.monotonic()
        Revocations(redis_server.url).revoke("user_ada")
        found = [pipe.readline().split() for pipe in pipes]
    seconds = [float(each[1]) - began for each in found]
    # `pytest -rP` shows it.
    print(f"{mode}: the last of {count} after {max(seconds) * 1000:.1f} ms")
    assert [each[0] for each in found] == ["revoked"] * count
    assert max(seconds) < WATCHDOG


class _started:  # noqa: N801 (used as a function)
    """Start a process; it has ended well when the block ends."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                str(Path(__file__).with_name("process.py")),
                *arguments,
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def __exit__(self, *exception: object) -> None:
        if exception[0] is not None:
            self._process.kill()
        with self._process:
            self._process.wait(WATCHDOG)
        assert exception[0] or self._process.returncode == 0
