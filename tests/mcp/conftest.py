"""Fixtures: each package that is there, and the shared emulators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.issuers import Issuers, running_issuers
from tests.installed import is_left_out

from .servers import PACKAGES, McpPackage

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the packages warn of themselves, and one another, but not of us."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings("ignore", "error:::torii_backend"))
            # They share servers, each of which a process would start for itself.
            item.add_marker(pytest.mark.xdist_group("mcp"))


@pytest.fixture(scope="session", params=PACKAGES, ids=[package.name for package in PACKAGES])
def package(request: pytest.FixtureRequest) -> Any:
    """Give a package."""
    found: McpPackage = request.param
    if is_left_out(found.name):
        pytest.skip(f"{found.name} is not installed; `tox run -e mcp` has it")
    return found


@pytest.fixture(scope="session")
def issuers() -> Iterator[Issuers]:
    with running_issuers() as issuers:
        yield issuers
