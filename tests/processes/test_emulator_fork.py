"""An emulator in a process that forks goes on serving, whatever the child does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, urllib.request
from torii_backend.emulator import Emulator

with Emulator() as torii:
    pid = os.fork()
    if pid == 0:
        signal.alarm(25)
        torii.stop()
        os._exit(0)
    ended = os.waitpid(pid, 0)[1]
    urllib.request.urlopen(torii.issuer + "/_torii/.well-known/jwks.json", timeout=25).close()
sys.exit(ended != 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_that_stops_it_changes_nothing() -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        # To fork beside threads is what the test is about, so the warning about it says nothing.
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "")
