"""Fixtures: the shared emulators and a clean environment; no test leaves anybody signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from functools import wraps
from typing import Any

import pytest

from torii_backend import ConfigurationError, current_auth
from torii_backend.emulator import Emulator

from .issuers import Issuers


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TORII_ISSUER", "TORII_SECRET_KEY"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def issuers(_clean_environment: None) -> Iterator[Issuers]:
    with Emulator() as home, Emulator() as other, Emulator() as down:
        down.outage("error")
        yield Issuers(home, other, down)


@pytest.fixture
def issuer(issuers: Issuers) -> str:
    """Give the trusted issuer."""
    return issuers.home.issuer


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each test a context of its own, and look into it afterwards."""
    assert isinstance(item, pytest.Function)
    test = item.obj

    def run(**arguments: Any) -> None:
        test(**arguments)
        with pytest.raises(ConfigurationError, match="outside a guarded request"):
            current_auth()

    @wraps(test)
    def isolated(**arguments: Any) -> None:
        copy_context().run(run, **arguments)

    item.obj = isolated
