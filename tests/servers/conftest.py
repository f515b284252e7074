"""Fixtures: the shared emulators, and the servers, each started when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Callable

import pytest

from tests.adapters.issuers import Issuers, running_issuers

from .commands import SERVERS
from .process import RunningServer


@pytest.fixture(scope="session")
def issuers() -> Iterator[Issuers]:
    with running_issuers() as issuers:
        yield issuers


@pytest.fixture(scope="session")
def port_of() -> Iterator[Callable[[str], int]]:
    """Give the port of a server by its name."""
    with ExitStack() as running:

        @cache
        def start(name: str) -> int:
            server = RunningServer(SERVERS[name], "tests.servers.guarded")
            running.callback(server.stop)
            return server.port

        yield start
