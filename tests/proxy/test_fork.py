"""A process that forks, as gunicorn --preload does, shares no connection with its children (22)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .upstream import Upstream


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_each_process_has_connections_of_its_own(upstream: Upstream) -> None:
    path = os.pathsep.join(
        [*(entry for entry in sys.path if entry), str(Path(__file__).parents[2])]
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.proxy.forking", upstream.url],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDEVMODE": ""},
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    connections = {each.target: each.connection for each in upstream.requests}
    assert len(upstream.requests) == 4
    assert connections[b"/_torii/before"] == connections[b"/_torii/parent"] == 1
    assert connections[b"/_torii/child"] == 2
    assert upstream.accepted == 2
