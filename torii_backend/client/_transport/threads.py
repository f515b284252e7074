"""ThreadPool: the bounded threads on which an asynchronous client waits for responses.

A pool is open until `close` and starts a thread only when a call needs one. It belongs to no event
loop, so one client serves any number of loops.

The caller awaits on an event loop; each attempt of a call runs on a thread. Between attempts the call
waits on the loop and holds no thread. If the caller is cancelled, it stops waiting at once. The thread
can't be interrupted, so it finishes its attempt, and nobody starts another.

No lock is held here: `ThreadPoolExecutor` has its own. `_is_closed` goes from False to True once.
A call that reads it just before that finds a closed executor, whose `submit` raises RuntimeError as
well. In a forked child the threads are missing, so the first call there makes a new executor. Two
threads that both do so each submit to a working one; the loser ends when it is collected.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Callable, TypeVar

from torii_backend.client._transport.request import ApiRequest
from torii_backend.client._transport.response import ApiResponse
from torii_backend.client._transport.transport import CLOSED, Transport

T = TypeVar("T")

NOT_ASYNCIO = (
    "AsyncToriiClient must be used with asyncio. With trio, call a ToriiClient on a thread, such as "
    "by trio.to_thread.run_sync(client.users.get, user_id)."
)


class ThreadPool:
    """At most `size` threads; further calls wait for a free one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._is_closed = False
        self._open()

    async def send(self, transport: Transport, request: ApiRequest[Any]) -> ApiResponse[Any]:
        """Send a request and read the response; wait between attempts."""
        call = transport.start(request)
        while True:
            step = await self.run(call.attempt)
            if isinstance(step, ApiResponse):
                return step
            await asyncio.sleep(step)

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function on a thread, in a copy of the caller's context."""
        if self._is_closed:
            raise RuntimeError(CLOSED)
        try:
            # Before anything is sent: the response could not be awaited.
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(NOT_ASYNCIO) from None
        if self._pid != os.getpid():
            self._open()  # the threads did not survive fork()
        return await asyncio.wrap_future(self._executor.submit(copy_context().run, function))

    def close(self) -> None:
        """Start no further call, without waiting for calls in progress."""
        self._is_closed = True
        self._executor.shutdown(wait=False)

    def _open(self) -> None:
        self._executor = ThreadPoolExecutor(self._size, thread_name_prefix="torii-client")
        self._pid = os.getpid()
