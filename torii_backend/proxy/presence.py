"""Cancels the work on a request whose client leaves.

Most requests are done before anybody would leave, so the watch begins a moment later: a task for each request
would cost more than all else that the proxy does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Callable

import anyio

_BEGIN_SECONDS = 0.1


async def run_while_present(
    work: Callable[[], Awaitable[None]], leave: Callable[[], Awaitable[None]]
) -> None:
    """Run `work`, until its end or until `leave` returns."""
    with anyio.CancelScope() as scope:

        async def watch() -> None:
            # A server that can't tell any more has no client for us.
            with suppress(Exception):
                await leave()
            scope.cancel()

        stop = _begin_soon(watch)
        try:
            await work()
        finally:
            stop()


def _begin_soon(watch: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Start a task in a moment. Return a function that stops it, or lets it never start."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _begin_soon_on_trio(watch)
    started: list[asyncio.Future[None]] = []
    timer = loop.call_later(
        _BEGIN_SECONDS, lambda: started.append(asyncio.ensure_future(watch(), loop=loop))
    )

    def stop() -> None:
        timer.cancel()
        for task in started:
            task.cancel()

    return stop


def _begin_soon_on_trio(watch: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    trio: Any = sys.modules["trio"]
    scope = trio.CancelScope()

    async def begin() -> None:
        with scope:
            await trio.sleep(_BEGIN_SECONDS)
            await watch()

    trio.lowlevel.spawn_system_task(begin)
    stop: Callable[[], None] = scope.cancel
    return stop
