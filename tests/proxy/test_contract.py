"""Every behaviour on two servers of this process. `tests/servers` has all the others."""

from __future__ import annotations

import pytest

from .behaviours import BEHAVIOURS
from .conftest import RigOf
from .differences import DIFFERENCES
from .running import RUNNING

CELLS = [
    (server, name) for server in RUNNING for name in BEHAVIOURS if (server, name) not in DIFFERENCES
]


@pytest.mark.parametrize(
    ("server", "name"),
    [pytest.param(*cell, marks=pytest.mark.xdist_group(f"proxy_{cell[0]}")) for cell in CELLS],
)
def test_contract(server: str, name: str, rig_of: RigOf) -> None:
    BEHAVIOURS[name](rig_of(server))
