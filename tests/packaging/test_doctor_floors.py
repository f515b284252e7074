"""`torii doctor` compares versions with the floors of pyproject.toml."""

from __future__ import annotations

import sys
from typing import Any

from torii_backend.cli.doctor.versions import FLOORS, PYTHON


def test_the_floors_are_those_of_pyproject(pyproject: dict[str, Any]) -> None:
    project = pyproject["project"]
    assert project["requires-python"] == f">={'.'.join(map(str, PYTHON))}"
    marker = (
        "python_version >= '3.10'" if sys.version_info >= (3, 10) else "python_version < '3.10'"
    )
    listed = [each.split(";") for each in project["dependencies"]]
    needed = {each[0].strip() for each in listed if each[1:] in ([], [f" {marker}"])}
    assert {f"{name}>={floor}" for name, floor in FLOORS.items()} <= needed
