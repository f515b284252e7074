"""Calls of the REST client, one after the other, beside bare urllib3 and `json.loads`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from statistics import median
from typing import Callable

import requests
from figure import Figure, at_most
from loopback import Server, running_server
from people import PAGE_SIZE, SECRET_KEY, USER_ID
from stopwatch import interleaved, ratio
from urllib3 import HTTPConnectionPool

from torii_backend.client import ToriiClient

_HEADERS = {
    "Authorization": f"Bearer {SECRET_KEY}",
    "User-Agent": "bare",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
_ROOT = "/api/server/v1/users"
_SEARCH = {"statuses": ["active", "banned"]}


def measure(*, quick: bool) -> list[Figure]:
    """Make the same calls in turns, each contender over one connection that it keeps."""
    rounds = 300 if quick else 3000
    with running_server() as server:
        return [*_get(server, rounds), *_search(server, rounds)]


def _get(server: Server, rounds: int) -> list[Figure]:
    path = f"{_ROOT}/{USER_ID}"
    torii = ToriiClient(SECRET_KEY, api_url=server.url)
    session = requests.Session()
    session.headers.update(_HEADERS)
    with HTTPConnectionPool("127.0.0.1", server.port) as bare, session, torii:
        steps = {
            "urllib3 + json.loads": lambda: json.loads(
                bare.request("GET", path, headers=_HEADERS).data
            ),
            "torii_backend": lambda: torii.users.get(USER_ID),
            "requests.Session + json.loads": lambda: json.loads(
                session.get(server.url + path, timeout=30).content
            ),
        }
        return _figures("client: GET one user", steps, rounds, 1.5)


def _search(server: Server, rounds: int) -> list[Figure]:
    path = f"{_ROOT}/search?limit={PAGE_SIZE}"
    headers = {**_HEADERS, "Content-Type": "application/json"}
    body = json.dumps(_SEARCH, separators=(",", ":")).encode()
    torii = ToriiClient(SECRET_KEY, api_url=server.url)
    with HTTPConnectionPool("127.0.0.1", server.port) as bare, torii:
        steps = {
            "urllib3 + json.loads": lambda: json.loads(
                bare.request("POST", path, body=body, headers=headers).data
            ),
            "torii_backend": lambda: torii.users.list(limit=PAGE_SIZE, **_SEARCH),
        }
        return _figures(f"client: search, {PAGE_SIZE} users", steps, rounds, 1)


def _figures(
    what: str, steps: Mapping[str, Callable[[], object]], rounds: int, limit: float
) -> list[Figure]:
    # Once ahead, so that all connections are open.
    interleaved(steps, 20)
    seconds = interleaved(steps, rounds)
    base = seconds["urllib3 + json.loads"]
    figures = []
    for name, spent in seconds.items():
        micros = f" ({median(spent) * 1e6:.0f} µs)"
        times = ratio(spent, base)
        if name == "torii_backend":
            figures.append(at_most(f"{what}: {name}", times, limit, "times", note=micros))
        else:
            measured = "1" if spent is base else f"{times:.2f} times"
            figures.append(Figure(f"{what}: {name}", measured + micros))
    return figures
