"""The contract: every behaviour of the list on every adapter, with no exceptions."""

from __future__ import annotations

import pytest

from .behaviours import BEHAVIOURS
from .contract import Behaviour, Driver, Guard
from .drivers import DRIVERS
from .issuers import Issuers

CELLS = [
    pytest.param(driver, check, id=f"{driver.name}-{name}")
    for driver in DRIVERS
    for name, check in BEHAVIOURS.items()
]


@pytest.mark.parametrize(("driver", "check"), CELLS)
def test_contract(driver: Driver, check: Behaviour, issuers: Issuers) -> None:
    check(Guard(driver, issuers))


def test_no_adapter_and_no_behaviour_was_lost() -> None:
    assert [driver.name for driver in DRIVERS] == [
        "asgi",
        "django_asgi",
        "django_async_view",
        "django_view",
        "django_wsgi",
        "fastapi_app",
        "fastapi_view",
        "flask_app",
        "flask_view",
        "wsgi",
    ]
    assert len(CELLS) == 10 * len(BEHAVIOURS) == 1930
