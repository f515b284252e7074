"""Fixtures: the shared emulators and a clean environment; no test leaves anybody signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from functools import wraps
from typing import Any

import pytest
from django.test import override_settings

from tests.installed import is_left_out
from tests.support.editor import jedi  # noqa: F401
from torii_backend import ConfigurationError, current_auth

# REST framework and django-ninja read the settings of Django while they are imported.
from . import django_project  # noqa: F401
from .issuers import Issuers, running_issuers

_NEEDS = {
    "test_drf*.py": "rest_framework",
    "test_flask_extensions.py": "flask_restx",
    "test_ninja.py": "ninja",
}
collect_ignore_glob = [name for name, module in _NEEDS.items() if is_left_out(module)]


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TORII_ISSUER", "TORII_SECRET_KEY"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def issuers(_clean_environment: None) -> Iterator[Issuers]:
    with running_issuers() as issuers:
        yield issuers


@pytest.fixture
def issuer(issuers: Issuers) -> str:
    """Give the trusted issuer."""
    return issuers.home.issuer


@pytest.fixture
def torii(issuer: str) -> Iterator[dict[str, Any]]:
    """Configure Django; a test may change these settings before the first request."""
    settings: dict[str, Any] = {"ISSUER": issuer}
    with override_settings(TORII=settings):
        yield settings


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each test a separate context, and look into it afterwards."""
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
