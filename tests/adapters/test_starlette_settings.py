"""Starlette makes its middleware late: until then a wrong setting goes unnoticed, and opens nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .contract import Guard
from .drivers import DRIVERS
from .issuers import Issuers


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "acme.torii.so"}, {"required": "no"}, {"exempt": "/me"}, {"role": ""}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_setting_lets_nobody_in(issuers: Issuers, wrong: dict[str, Any]) -> None:
    guard = Guard(next(driver for driver in DRIVERS if driver.name == "starlette_app"), issuers)
    options: Any = {"issuer": issuers.home.issuer, **wrong}
    app = guard.build(options)
    assert [app(guard.good()).status for _ in range(2)] == [500, 500]
