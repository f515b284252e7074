"""A client that was used before a fork works on both sides of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .records import user
from .server import WATCHDOG, ApiServer, Received, Response, as_json

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

SCRIPT = Path(__file__).with_name("fork_script.py")


def named(request: Received) -> Response:
    return as_json(user(request.path.rpartition("/")[2]))


def side(request: Received) -> str:
    return request.path.rpartition("/")[2].partition("-")[0]


@pytest.mark.parametrize("mode", ["blocking", "session", "adapter", "awaited"])
def test_no_connection_is_shared(server: ApiServer, mode: str) -> None:
    server.respond_with(named)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    finished = subprocess.run(
        [sys.executable, str(SCRIPT), server.url, mode],
        # To fork beside threads is what the test is about, so the warning about it says nothing.
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "")
    used = {
        name: {request.connection for request in server.requests if side(request) == name}
        for name in ("before", "child", "parent")
    }
    assert len(server.requests) == 150
    assert used["child"] and not used["child"] & (used["before"] | used["parent"])
    assert used["parent"] & used["before"]
