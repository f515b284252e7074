"""Fixtures: a browser, and the REST API beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.emulator.rest.api import Api, api_of
from torii_backend.emulator.front import frontend
from torii_backend.emulator.store import timestamps

from .browser import Browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from torii_backend.emulator import Emulator


@pytest.fixture
def browser(torii: Emulator) -> Browser:
    return Browser(torii)


@pytest.fixture
def api(torii: Emulator) -> Api:
    return api_of(torii)


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock of the tenant host forward."""

    def moved(by: timedelta) -> None:
        monkeypatch.setattr(frontend, "now", lambda: timestamps.now() + by)

    return moved
