"""The suites in examples/testing run by the commands that their frameworks' users type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installed import is_left_out

FOLDER = Path(__file__).parents[2] / "examples" / "testing"
SUITES = {
    "fastapi_items": (7, "-m pytest -q -p no:cacheprovider -c /dev/null --rootdir ."),
    "flask_microblog": (7, "-m unittest test_microblog"),
    "django_styleguide": (8, "manage.py test"),
}
NEEDED = {"django_styleguide": "rest_framework"}  # not in a plain run


def test_every_suite_is_run() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == SUITES.keys()


@pytest.mark.parametrize("project", SUITES)
def test_a_suite_passes(project: str) -> None:
    if is_left_out(NEEDED.get(project, project.partition("_")[0])):
        pytest.skip("for `tox run -e frameworks`")
    count, command = SUITES[project]
    result = subprocess.run(
        [sys.executable, *command.split()],
        cwd=FOLDER / project,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    assert f"{count} passed" in output or f"Ran {count} tests" in output
