"""A token starts a session of Django. In a process of its own, as models of Django's users stay imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).with_name("session_project")
NAMES = re.findall(r"^    def (test_\w+)", (PROJECT / "checks.py").read_text("utf-8"), re.MULTILINE)


def _run(*names: str) -> dict[str, str]:
    """Run the checks of the project, and return the tracebacks of those that failed."""
    finished = subprocess.run(
        [sys.executable, str(PROJECT / "run.py"), *names],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report["ran"] == len(names or NAMES)
    return dict(report["failed"])


@pytest.fixture(scope="module")
def failed() -> dict[str, str]:
    return _run()


@pytest.mark.xdist_group("django_sessions")
@pytest.mark.parametrize("name", NAMES)
def test_sessions(name: str, failed: dict[str, str]) -> None:
    assert name not in failed, failed[name]
