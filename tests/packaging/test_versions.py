"""Versions that are written down in two places agree."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import torii_backend

VERSION_LINE = re.compile(
    r"^## \[(?P<version>[\d.]+)\] - (?P<date>\d{4}-\d{2}-\d{2})$", re.MULTILINE
)


def _versions(lines: Iterable[str], operator: str) -> dict[str, Version]:
    """Map the names of requirements to their versions, on the Python that runs."""
    found = {}
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate():
            (specifier,) = requirement.specifier
            assert specifier.operator == operator
            found[requirement.name] = Version(specifier.version)
    return found


def _pins(root: Path, name: str = "lowest") -> dict[str, Version]:
    lines = (root / "tests" / "packaging" / f"{name}.txt").read_text("utf-8").splitlines()
    return _versions((line for line in lines if not line.startswith("#")), "==")


def test_the_changelog_starts_with_this_version(root: Path, pyproject: dict[str, Any]) -> None:
    newest = VERSION_LINE.search((root / "CHANGELOG.md").read_text("utf-8"))
    assert newest is not None
    assert newest["version"] == pyproject["project"]["version"]


def test_the_dependencies_are_these(pyproject: dict[str, Any]) -> None:
    names = [re.split(r"[>=]", line)[0] for line in pyproject["project"]["dependencies"]]
    assert sorted({*names}) == [
        "asgiref",
        "cryptography",
        "msgspec",
        "pyjwt[crypto]",
        "requests",
        "urllib3",
        "werkzeug",
    ]


def test_the_lowest_versions_tested_are_the_lowest_allowed(
    root: Path, pyproject: dict[str, Any]
) -> None:
    project = pyproject["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    assert {**_pins(root), **_pins(root, "lowest-mcp")} == _versions(lines, ">=")


def test_every_python_version_promised_is_tested(root: Path, pyproject: dict[str, Any]) -> None:
    promised = [
        line.rpartition(" ")[2]
        for line in pyproject["project"]["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)
    ]
    assert pyproject["project"]["requires-python"] == f">={promised[0]}"
    tested = re.search(r"py3\{([\d,]+)\}", (root / "tox.ini").read_text("utf-8"))
    assert tested is not None
    assert promised == [f"3.{minor}" for minor in tested[1].split(",")]


@pytest.mark.skipif("TORII_TESTS_NEED_LOWEST" not in os.environ, reason="for `tox run -e lowest`")
def test_the_lowest_versions_are_installed(root: Path) -> None:
    pins = _pins(root)
    assert {name: Version(version(name)) for name in pins} == pins


@pytest.mark.skipif("TORII_TESTS_NEED_WHEEL" not in os.environ, reason="for tox")
def test_the_version_is_the_one_of_the_metadata(pyproject: dict[str, Any]) -> None:
    assert torii_backend.__version__ == version("torii-backend") == pyproject["project"]["version"]


@pytest.mark.skipif("TORII_TESTS_NEED_WHEEL" not in os.environ, reason="for tox")
def test_the_wheel_is_tested_and_not_the_checkout() -> None:
    assert "site-packages" in Path(torii_backend.__file__).parts
