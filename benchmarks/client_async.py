"""A hundred calls at the same time on an event loop, beside `httpx.AsyncClient`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from statistics import median
from typing import Callable

import httpx
from figure import Figure, at_most
from loopback import running_server
from people import SECRET_KEY, USER_ID
from stopwatch import interleaved, ratio

from torii_backend.client import AsyncToriiClient

_CALLS = 100


def measure(*, quick: bool) -> list[Figure]:
    """Time the calls in turns, on one loop; each contender keeps its connections."""
    loop = asyncio.new_event_loop()
    with running_server() as server:
        url = f"{server.url}/api/server/v1/users/{USER_ID}"
        torii = AsyncToriiClient(SECRET_KEY, api_url=server.url)
        # By default it would keep 20 connections, and open the others anew each time.
        peer = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {SECRET_KEY}"},
            limits=httpx.Limits(max_connections=_CALLS, max_keepalive_connections=_CALLS),
        )

        async def by_httpx() -> object:
            return (await peer.get(url)).json()

        async def at_once(call: Callable[[], Awaitable[object]]) -> None:
            await asyncio.gather(*(call() for _ in range(_CALLS)))

        steps = {
            "httpx": lambda: loop.run_until_complete(at_once(by_httpx)),
            "ours": lambda: loop.run_until_complete(at_once(lambda: torii.users.get(USER_ID))),
        }
        # Once ahead, so that the connections are open.
        interleaved(steps, 1)
        seconds = interleaved(steps, 10 if quick else 60)
        loop.run_until_complete(peer.aclose())
        loop.run_until_complete(torii.aclose())
    loop.close()
    what = f"client: {_CALLS} GETs at once"
    times = ratio(seconds["ours"], seconds["httpx"])
    return [
        Figure(f"{what}: httpx.AsyncClient + json", f"1{_millis(seconds['httpx'])}"),
        at_most(f"{what}: AsyncToriiClient", times, 1, "times", note=_millis(seconds["ours"])),
    ]


def _millis(seconds: Sequence[float]) -> str:
    return f" ({median(seconds) * 1e3:.1f} ms)"
