"""The routes for front-ends, whose endpoints are imported when they are needed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from torii_backend.emulator.front.shapes import ENDPOINTS

from .browser import Browser

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api

_START = """
import sys
from torii_backend.emulator import Emulator
with Emulator():
    print("torii_backend.emulator.front.oauth" in sys.modules, "torii_backend._verify" in sys.modules)
"""


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_is_there(browser: Browser, api: Api, method: str, path: str) -> None:
    response = browser.send(method, path.replace("{provider}", "google"))
    assert response.status not in {404, 405, 500}, response


def test_a_start_imports_no_endpoint() -> None:
    command = [sys.executable, "-c", _START]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
