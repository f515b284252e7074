"""A Verifier that was used before a fork works on both sides of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Optional

import pytest

from tests.support.clock import WATCHDOG
from tests.support.issuer import Issuer, SigningKey
from tests.support.jwks_server import JwksServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

SCRIPT = Path(__file__).with_name("fork_script.py")


def start(
    server: JwksServer, key: SigningKey, rotated: SigningKey, mode: str
) -> subprocess.Popen[str]:
    now = int(time.time())
    tokens = [
        Issuer(server.issuer, signer).token(sub=signer.kid, iat=now, exp=now + 300)
        for signer in (key, rotated)
    ]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), server.issuer, *tokens, mode],
        # This test forks with threads on purpose, so the warning about that is noise.
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(stream: Optional[IO[str]]) -> str:
    assert stream is not None
    return stream.readline().rstrip()


@pytest.mark.parametrize("mode", ["warm", "locked"])
def test_fork_after_warm_up(server: JwksServer, key: SigningKey, mode: str) -> None:
    rotated = SigningKey("key-2")
    with server.held():
        process = start(server, key, rotated, mode)
        server.wait_for(1)
        server.publish(key, rotated)
    with process:
        output, _ = process.communicate(timeout=WATCHDOG)
    assert process.returncode == 0
    assert output.splitlines() == [
        "child: key-1",
        "child: key-2",
        "child: 0 failures",
        "parent: key-2",
    ]
    # One for the warm-up, and one for the rotated key in each process.
    assert len(server.requests) == 3


def test_fork_during_an_import(server: JwksServer, key: SigningKey) -> None:
    """No fork waits for the import, and the child imports again what it finds half-made."""
    rotated = SigningKey("key-2")
    server.publish(key, rotated)
    with start(server, key, rotated, "importing") as process:
        output, _ = process.communicate(timeout=WATCHDOG)
    assert process.returncode == 0
    assert output.splitlines() == [
        "child: key-1",
        "child: key-2",
        "child: 0 failures",
        "parent: key-1",
        "parent: key-2",
    ]


def test_fork_during_a_fetch(server: JwksServer, key: SigningKey) -> None:
    rotated = SigningKey("key-2")
    with start(server, key, rotated, "fetching") as process:
        server.wait_for(1)
        with server.held():
            assert line(process.stdout) == "waiting"
            server.wait_for(2)
            server.publish(key, rotated)
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            assert line(process.stdout) == "child: key-1"
            server.wait_for(3)
        rest, _ = process.communicate(timeout=WATCHDOG)
    assert process.returncode == 0
    assert "child: key-2" in rest.splitlines()
    assert "child: 0 failures" in rest.splitlines()
    assert "forked" in rest.splitlines()
