"""The contract through real servers: every behaviour that can be seen over a socket."""

from __future__ import annotations

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
from .wire import exchange, upload

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions

CELLS = [
    (server, name)
    for server in SERVERS
    for name in BEHAVIOURS
    if name not in INSIDE and (server, name) not in EXCLUSIONS
]
RUN = [
    pytest.param(server, name, marks=pytest.mark.xdist_group(server))
    for server, name in CELLS
    if not is_left_out(NEEDS[server])
]


def _guard(server: str, issuers: Issuers, port: int) -> Guard:
    def build(options: GuardOptions) -> Call:
        header = (HEADER, spelled(options))

        def call(request: Request) -> Response:
            return exchange(port, request, header)

        return call

    return Guard(Driver(server, build, bytes), issuers)


@pytest.mark.parametrize(("server", "name"), RUN)
def test_contract(server: str, name: str, issuers: Issuers, port_of: Callable[[str], int]) -> None:
    check: Behaviour = BEHAVIOURS[name]
    check(_guard(server, issuers, port_of(server)))


@pytest.mark.parametrize("server", [name for name in SERVERS if not is_left_out(NEEDS[name])])
def test_a_refused_upload_gets_its_response(
    server: str, issuers: Issuers, port_of: Callable[[str], int]
) -> None:
    guard = (HEADER, spelled({"issuer": issuers.home.issuer}))
    assert upload(port_of(server), bytes(900_000), guard) == 401


def test_no_server_is_lost() -> None:
    assert list(SERVERS) == [
        "daphne",
        "gunicorn_gthread",
        "gunicorn_sync",
        "gunicorn_uvicorn",
        "hypercorn",
        "uvicorn",
        "waitress",
    ]


def test_no_cell_is_lost() -> None:
    assert INSIDE.keys() <= BEHAVIOURS.keys()
    left_out = {(server, name) for server in SERVERS for name in INSIDE} | EXCLUSIONS.keys()
    every = {(server, name) for server in SERVERS for name in BEHAVIOURS}
    assert {*CELLS} == every - left_out
