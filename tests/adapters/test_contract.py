"""The contract: every behaviour of the list on every adapter, but for the exclusions."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.servers.commands import SERVERS

from .behaviours import BEHAVIOURS, MODULES
from .contract import Behaviour, Driver, Guard
from .drivers import DRIVERS, NAMES
from .exclusions import EXCLUSIONS
from .issuers import Issuers

CELLS = [
    pytest.param(driver, check, id=f"{driver.name}-{name}")
    for driver in DRIVERS
    for name, check in BEHAVIOURS.items()
    if (driver.name, name) not in EXCLUSIONS
]


@pytest.mark.parametrize(("driver", "check"), CELLS)
def test_contract(driver: Driver, check: Behaviour, issuers: Issuers) -> None:
    check(Guard(driver, issuers))


def test_no_driver_is_lost() -> None:
    assert NAMES == [
        "asgi",
        "bottle_app",
        "django_asgi",
        "django_async_view",
        "django_view",
        "django_wsgi",
        "drf_view",
        "falcon_asgi",
        "falcon_wsgi",
        "fastapi_app",
        "fastapi_view",
        "flask_app",
        "flask_view",
        "litestar_app",
        "ninja_async_view",
        "ninja_view",
        "pyramid_app",
        "quart_app",
        "starlette_app",
        "wsgi",
    ]


def test_no_behaviour_is_lost() -> None:
    """Neither a module that nobody imports nor a function without its decorator goes unnoticed."""
    folder = Path(__file__).with_name("behaviours")
    assert {Path(f"{module.__file__}") for module in MODULES} == {*folder.glob("[!_]*.py")}
    written = {
        node.name
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if [argument.arg for argument in node.args.args] == ["guard"]
    }
    assert written == BEHAVIOURS.keys()


def test_no_cell_is_lost() -> None:
    every = {(driver.name, name) for driver in DRIVERS for name in BEHAVIOURS}
    run = {cell.id for cell in CELLS}
    assert run == {f"{driver}-{name}" for driver, name in every - EXCLUSIONS.keys()}


@pytest.mark.skipif(
    "TORII_TESTS_NEED_FRAMEWORKS" not in os.environ, reason="for `tox -e frameworks`"
)
def test_no_framework_is_missing() -> None:
    assert [driver.name for driver in DRIVERS] == NAMES


def test_every_exclusion_names_a_cell_and_a_reason() -> None:
    assert {name for name, _ in EXCLUSIONS} <= {*NAMES, *SERVERS}
    assert {behaviour for _, behaviour in EXCLUSIONS} <= BEHAVIOURS.keys()
    assert all(EXCLUSIONS.values())


@pytest.mark.parametrize("name", sorted({behaviour for _, behaviour in EXCLUSIONS}))
def test_no_refusal_is_excluded(name: str, issuers: Issuers) -> None:
    guard = Guard(next(driver for driver in DRIVERS if driver.name == "asgi"), issuers)
    guard.assert_refused = _refused  # type: ignore[method-assign]
    BEHAVIOURS[name](guard)


def _refused(*_: object, **__: object) -> None:
    pytest.fail("a refusal is excluded")
