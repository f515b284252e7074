"""Workers: the bounded threads on which an asynchronous client waits for answers."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Any, Callable, TypeVar

from torii_backend.client._transport.transport import CLOSED

T = TypeVar("T")


class Workers:
    """A pool of threads, started as they are needed and bound to no event loop.

    Args:
        count: how many threads there are at most; further calls wait for their turn.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._is_closed = False
        self._open()

    async def run(self, send: Callable[[Any, Event], T], request: Any) -> T:
        """Call a function on a worker thread, in a copy of the caller's context.

        Args:
            send: what to call, with the request and an event.
            request: its first argument. The event is set once nobody waits for the result: a caller
                that is cancelled stops waiting at once, while the thread ends its exchange.

        Returns:
            What the function returns; what it raises is raised.

        Raises:
            RuntimeError: the pool was closed.
        """
        if self._is_closed:
            raise RuntimeError(CLOSED)
        if self._pid != os.getpid():
            self._open()  # the threads stayed in the parent process
        abandoned = Event()
        future = self._executor.submit(copy_context().run, send, request, abandoned)
        try:
            return await asyncio.wrap_future(future)
        finally:
            abandoned.set()

    def close(self) -> None:
        """Start no further call; calls under way are not waited for."""
        self._is_closed = True
        self._executor.shutdown(wait=False)

    def _open(self) -> None:
        self._executor = ThreadPoolExecutor(self._count, thread_name_prefix="torii-client")
        self._pid = os.getpid()
