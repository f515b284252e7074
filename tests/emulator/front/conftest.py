"""Fixtures: a browser, and the REST API beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.rest.api import Api, api_of

from .browser import Browser

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


@pytest.fixture
def browser(torii: Emulator) -> Browser:
    return Browser(torii)


@pytest.fixture
def api(torii: Emulator) -> Api:
    return api_of(torii)
