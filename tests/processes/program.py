"""Programs that the tests of this folder run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WATCHDOG = 60.0


def start(name: str, *arguments: str, module: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start a script of this folder, or a module with some arguments, on the package under test."""
    script = str(Path(__file__).with_name(name))
    command = ["-m", *module] if module else [script]
    path = os.pathsep.join([str(Path(__file__).parent), *(entry for entry in sys.path if entry)])
    return subprocess.Popen(
        [sys.executable, *command, *arguments],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDEVMODE": "", "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Return what a program printed, once it has ended well and without a complaint."""
    with process:
        try:
            output, complaints = process.communicate(timeout=WATCHDOG)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert (process.returncode, complaints) == (0, "")
    return output
