"""Fixtures: an upstream for each test, and the servers, each started when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Callable

import pytest

from .rig import Rig
from .running import RUNNING
from .upstream import Upstream, running_upstream

RigOf = Callable[[str], Rig]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


# Not for the whole session: asyncio would wait for years when another test has moved the clock.
@pytest.fixture(scope="package")
def port_of() -> Iterator[Callable[[str], int]]:
    """Give the port of a server by its name."""
    with ExitStack() as running:

        @cache
        def start(name: str) -> int:
            return running.enter_context(RUNNING[name]())

        yield start


@pytest.fixture
def rig_of(port_of: Callable[[str], int], upstream: Upstream) -> RigOf:
    """Give a rig by the name of its server."""

    def rig(name: str) -> Rig:
        return Rig(name, port_of(name), upstream)

    return rig
