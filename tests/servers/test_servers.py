"""The contract through real servers: every behaviour that can be seen over a socket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable

import pytest

from tests.adapters.behaviours import BEHAVIOURS
from tests.adapters.contract import Behaviour, Driver, Guard
from tests.adapters.exclusions import EXCLUSIONS
from tests.adapters.issuers import Issuers
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call
from tests.installed import is_left_out

from .commands import NEEDS, SERVERS
from .guarded import HEADER, spelled
from .inside import INSIDE
from .wire import HungUp, exchange

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions

# What never reaches a guard, because the server refuses it first.
REFUSED_BY_SERVER = {("daphne", "a_bad_token_is_refused:too_long"): "16 KiB is all it reads."}

SEEN = [name for name in BEHAVIOURS if name.partition(":")[0] not in INSIDE]
CELLS = [
    (server, name)
    for server in SERVERS
    for name in SEEN
    if (server, name) not in EXCLUSIONS and (server, name) not in REFUSED_BY_SERVER
]


def _run(cells: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [cell for cell in cells if not is_left_out(NEEDS[cell[0]])]


def _guard(server: str, issuers: Issuers, port: int) -> Guard:
    def build(options: GuardOptions) -> Call:
        header = (HEADER, spelled(options))

        def call(request: Request) -> Response:
            return exchange(port, request, header)

        return call

    return Guard(Driver(server, build, bytes), issuers)


@pytest.mark.parametrize(("server", "name"), _run(CELLS))
def test_contract(server: str, name: str, issuers: Issuers, port_of: Callable[[str], int]) -> None:
    check: Behaviour = BEHAVIOURS[name]
    check(_guard(server, issuers, port_of(server)))


@pytest.mark.parametrize(("server", "name"), _run(REFUSED_BY_SERVER))
def test_the_server_itself_refuses(
    server: str, name: str, issuers: Issuers, port_of: Callable[[str], int]
) -> None:
    with pytest.raises(HungUp):
        BEHAVIOURS[name](_guard(server, issuers, port_of(server)))


def test_no_server_and_no_behaviour_was_lost() -> None:
    assert list(SERVERS) == [
        "daphne",
        "gunicorn_gthread",
        "gunicorn_sync",
        "gunicorn_uvicorn",
        "hypercorn",
        "uvicorn",
        "waitress",
    ]
    assert {name.partition(":")[0] for name in BEHAVIOURS} >= INSIDE.keys()
    excluded = sum(server in SERVERS for server, _ in EXCLUSIONS)
    assert len(CELLS) == 7 * len(SEEN) - excluded - len(REFUSED_BY_SERVER)
    assert len(SEEN) == 259
    assert len(CELLS) == 1806
