"""Cancels the work on a request whose client leaves.

Most requests are done before anybody would leave, so the watch begins a moment later, or with the second part of
a response: a task for each request would cost more than all else that the proxy does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Callable, Optional

import anyio

_BEGIN_SECONDS = 0.1


class Presence:
    """Watches one client.

    Args:
        leave: returns when the client has left.
    """

    def __init__(self, leave: Callable[[], Awaitable[None]]) -> None:
        self._leave = leave
        self._later: Any = None

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`, until its end or until the client leaves."""
        with anyio.CancelScope() as scope:

            async def watch() -> None:
                # A server that can't tell any more has no client for us.
                with suppress(Exception):
                    await self._leave()
                scope.cancel()

            self._later = _OnTrio(watch) if _runs_on_trio() else _OnAsyncio(watch)
            try:
                await work()
            finally:
                self._later.stop()

    def watch_now(self) -> None:
        """Don't wait for the moment to come."""
        self._later.start()


class _OnAsyncio:
    """A task that starts in a moment."""

    def __init__(self, watch: Callable[[], Awaitable[None]]) -> None:
        self._watch = watch
        self._task: Optional[asyncio.Future[None]] = None
        self._timer = asyncio.get_running_loop().call_later(_BEGIN_SECONDS, self.start)

    def start(self) -> None:
        self._timer.cancel()
        if self._task is None:
            self._task = asyncio.ensure_future(self._watch())

    def stop(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


class _OnTrio:
    """The same, for hypercorn's trio worker."""

    def __init__(self, watch: Callable[[], Awaitable[None]]) -> None:
        trio: Any = sys.modules["trio"]
        self._scope, self._now = trio.CancelScope(), trio.Event()

        async def begin() -> None:
            with self._scope:
                with trio.move_on_after(_BEGIN_SECONDS):
                    await self._now.wait()
                await watch()

        trio.lowlevel.spawn_system_task(begin)

    def start(self) -> None:
        self._now.set()

    def stop(self) -> None:
        self._scope.cancel()


def _runs_on_trio() -> bool:
    # get_running_loop raises instead.
    return asyncio._get_running_loop() is None
