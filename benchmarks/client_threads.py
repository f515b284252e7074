"""Connections of one client that many threads use at the same time."""

from __future__ import annotations

import logging
from threading import Barrier, Thread
from typing import Callable, NamedTuple

import requests
from figure import Figure
from loopback import Server, running_server
from people import SECRET_KEY, USER_ID

from torii_backend.client import ToriiClient

_THREADS = 16
# Long enough for all threads to have a request under way at the same time.
_PAUSE = 0.005


class _Connections(NamedTuple):
    opened: int
    thrown_away: int


class _FullPools(logging.Handler):
    """Counts how often urllib3 says that it throws a connection away, as its pool is full."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Connection pool is full"):
            self.count += 1


def measure(*, quick: bool) -> list[Figure]:
    """Count what the server accepts, and what the client's side throws away."""
    calls = 20 if quick else 200
    with (
        running_server(pause=_PAUSE) as server,
        ToriiClient(SECRET_KEY, api_url=server.url) as torii,
    ):
        ours = _counted(server, lambda: torii.users.get(USER_ID), calls)
    with running_server(pause=_PAUSE) as server, requests.Session() as session:
        url = f"{server.url}/api/server/v1/users/{USER_ID}"
        peer = _counted(server, lambda: session.get(url, timeout=30), calls)
    what = f"client: {_THREADS} threads, {_THREADS * calls:,} GETs,"
    return [
        _at_most(f"{what} connections opened", ours.opened, _THREADS),
        _at_most(f"{what} connections thrown away", ours.thrown_away, 0),
        Figure(f"{what} thrown away by requests.Session", str(peer.thrown_away)),
    ]


def _counted(server: Server, call: Callable[[], object], calls: int) -> _Connections:
    """Make so many calls in each thread; all begin at the same time."""
    full_pools = _FullPools()
    logger = logging.getLogger("urllib3.connectionpool")
    logger.addHandler(full_pools)
    # The overflow of the peer is meant: no word about it.
    logger.propagate = False
    start = Barrier(_THREADS)

    def work() -> None:
        start.wait()
        for _ in range(calls):
            call()

    threads = [Thread(target=work) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.removeHandler(full_pools)
    return _Connections(server.connections(), full_pools.count)


def _at_most(what: str, count: int, limit: int) -> Figure:
    return Figure(what, str(count), f"at most {limit}", count <= limit)
