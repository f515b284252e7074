"""Small projects, one a framework, whose tests use the plugin as yours would, beside other plugins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    "TORII_TESTS_NEED_TESTKIT" not in os.environ, reason="for `tox run -e testkit`"
)

HERE = Path(__file__).parent
PROJECTS = sorted(folder.name for folder in HERE.glob("*_app"))
OURS_ALONE = "-p torii_backend.testing.plugin"
# Each project once at least. pytest-randomly shuffles the tests in each.
RUNS = [
    ("django_app", ""),
    ("drf_app", ""),
    ("fastapi_app", "-n 2"),
    ("flask_app", "-n 4"),
    ("flask_app", "--parallel-threads 3"),
    ("flask_app", "--allow-hosts 127.0.0.1"),
    ("ninja_app", ""),
    ("starlette_app", ""),
    ("wsgi_app", "--parallel-threads 3"),
    ("wsgi_app", OURS_ALONE),
]
# The oldest pytest runs each kind of test once: of unittest, of asyncio, with a database, in threads.
if pytest.version_tuple < (9,):
    RUNS = [run for run in RUNS if run[0] in {"django_app", "starlette_app", "wsgi_app"}]


def test_every_framework_has_a_project() -> None:
    names = ("django", "drf", "fastapi", "flask", "ninja", "starlette", "wsgi")
    assert [f"{name}_app" for name in names] == PROJECTS
    if pytest.version_tuple >= (9,):
        assert {project for project, _ in RUNS} == {*PROJECTS}


def test_everything_is_installed() -> None:
    import tomllib  # from Python 3.11 on

    pyproject = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))
    for requirement in pyproject["dependency-groups"]["testkit"]:
        assert version(requirement.partition(">")[0])


@pytest.mark.parametrize(("project", "options"), RUNS)
def test_a_project(project: str, options: str, tmp_path: Path) -> None:
    folder = shutil.copytree(HERE / project, tmp_path / project)
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    if options == OURS_ALONE:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-config"),
            *("-W", "error::pytest.PytestAssertRewriteWarning", *options.split()),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert " passed" in last
    assert "skipped" not in last
