"""The first-party proxy through real servers: every behaviour of `tests/proxy`, over raw sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Callable

import pytest

from tests.installed import is_left_out
from tests.proxy.behaviours import BEHAVIOURS
from tests.proxy.differences import DIFFERENCES
from tests.proxy.rig import Rig
from tests.proxy.running import RUNNING
from tests.proxy.upstream import running_upstream

from .commands import NEEDS, SERVERS
from .process import RunningServer

_SYNC = SERVERS["gunicorn_sync"]
PROXIES = {
    **SERVERS,
    "gunicorn_gevent": tuple("gevent" if part == "sync" else part for part in _SYNC),
}
PROXY_NEEDS = {**NEEDS, "gunicorn_gevent": "gevent"}
CELLS = [
    (server, name) for server in PROXIES for name in BEHAVIOURS if (server, name) not in DIFFERENCES
]


@pytest.fixture(scope="session")
def proxy_port_of() -> Iterator[Callable[[str], int]]:
    """Give the port of a server with the proxy, by its name."""
    with ExitStack() as running:

        @cache
        def start(name: str) -> int:
            server = RunningServer(PROXIES[name], "tests.proxy.proxied")
            running.callback(server.stop)
            return server.port

        yield start


@pytest.mark.parametrize(
    ("server", "name"),
    [
        pytest.param(*cell, marks=pytest.mark.xdist_group(cell[0]))
        for cell in CELLS
        if not is_left_out(PROXY_NEEDS[cell[0]])
    ],
)
def test_contract(server: str, name: str, proxy_port_of: Callable[[str], int]) -> None:
    with running_upstream() as upstream:
        BEHAVIOURS[name](Rig(server, proxy_port_of(server), upstream))


def test_no_cell_is_lost() -> None:
    every = {(server, name) for server in [*PROXIES, *RUNNING] for name in BEHAVIOURS}
    assert DIFFERENCES.keys() <= every
    assert len(CELLS) == len(PROXIES) * len(BEHAVIOURS) - len(DIFFERENCES)
