"""Flight: one job on a thread, which any number of threads and tasks wait for until its deadline.

A flight is made under way, and ends once: when its owner calls `end`, be it because the job is
done or because nobody waits for it any more. It does not know what its job does or why.

- The job runs once, on a daemon thread, so that it can't keep the process from exiting.
- `wait` and `wait_async` return whether the flight has ended. They return False at the deadline, and
  then it is the owner who decides: a flight never ends itself.
- Nothing stops a job. After the end `is_running` tells whether its thread is still busy with it.
- There is no lock. The owner calls `start` and `end` under its own lock. All that others read
  is the future, which has a lock inside, and values that never change.
- A waiter that is cancelled leaves the flight as it is, and so do those who wait with it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from concurrent.futures import Future


class Flight:
    """One job on a thread, with a deadline `seconds` after `started_at` on the monotonic clock."""

    def __init__(self, started_at: float, seconds: float, monotonic: Callable[[], float]) -> None:
        # Not at the top: a process that starts with known keys doesn't need it.
        from concurrent.futures import Future

        self.started_at: float = started_at
        self._deadline = started_at + seconds
        self._monotonic = monotonic
        self._thread: Optional[threading.Thread] = None
        self._ended: Future[None] = Future()
        # A waiter that is cancelled can't cancel it for the others from here on.
        self._ended.set_running_or_notify_cancel()

    def start(self, job: Callable[[Flight], None]) -> None:
        """Run `job(self)` on a new thread; raise RuntimeError if the system allows none."""

        def run() -> None:
            # Yield the GIL, so that the request that started this thread continues first.
            time.sleep(0)
            job(self)

        thread = threading.Thread(target=run, name="torii-keystore", daemon=True)
        thread.start()
        self._thread = thread

    def end(self) -> None:
        """Wake everybody who waits."""
        self._ended.set_result(None)

    def is_running(self) -> bool:
        """Return whether the job still has its thread."""
        return self._thread is not None and self._thread.is_alive()

    def is_overdue(self, now: float) -> bool:
        """Return whether the deadline has passed."""
        return now >= self._deadline

    def wait(self) -> bool:
        """Block until the flight has ended or its deadline has passed; return whether it has ended."""
        from concurrent.futures import wait

        return bool(wait([self._ended], self._seconds_left()).done)

    async def wait_async(self) -> bool:
        """Async version of `wait`."""
        # A process without an event loop doesn't need it.
        import asyncio

        ended = asyncio.wrap_future(self._ended)
        try:
            await asyncio.wait([ended], timeout=self._seconds_left())
        finally:
            # Only the wrapper: the flight itself can't be cancelled.
            ended.cancel()
        return self._ended.done()

    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - self._monotonic())
