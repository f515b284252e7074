"""ThreadPool: the bounded threads on which an asynchronous client waits for responses.

A pool is open until `close` and starts a thread only when a call needs one. It belongs to no event
loop, so one client serves any number of loops.

A call has two sides. The caller awaits it on an event loop; the exchange runs on a thread. If the
caller is cancelled, it stops waiting at once and sets the call's `abandoned` event. The thread can't
be interrupted, so it finishes its exchange and then makes no further attempt.

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
from threading import Event
from typing import Any, Callable, TypeVar

from torii_backend.client._transport.transport import CLOSED

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

    async def run(self, send: Callable[[Any, Event], T], request: Any) -> T:
        """Run `send(request, abandoned)` on a thread, in a copy of the caller's context."""
        if self._is_closed:
            raise RuntimeError(CLOSED)
        try:
            # Before anything is sent: the response could not be awaited.
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(NOT_ASYNCIO) from None
        if self._pid != os.getpid():
            self._open()  # the threads did not survive fork()
        abandoned = Event()
        future = self._executor.submit(copy_context().run, send, request, abandoned)
        try:
            return await asyncio.wrap_future(future)
        finally:
            abandoned.set()

    def close(self) -> None:
        """Start no further call, without waiting for calls in progress."""
        self._is_closed = True
        self._executor.shutdown(wait=False)

    def _open(self) -> None:
        self._executor = ThreadPoolExecutor(self._size, thread_name_prefix="torii-client")
        self._pid = os.getpid()
