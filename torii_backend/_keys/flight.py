"""Flight: one fetch under way, which any number of threads and tasks wait for until its deadline.

A flight is made under way, and ends once: when its owner calls `end`, be it because the fetch is
done or because nobody waits for it any more. It does not know how keys are fetched.

- Its job runs once, on a daemon thread, so that it can't keep the process from exiting. If no thread
  is free, the job has to wait for one, and the deadline may pass first.
- `wait` and `wait_async` return whether the flight has ended. They return False if the seconds pass,
  and then it is the owner who decides: a flight never ends itself.
- Nothing stops a job. After the end `may_run` tells whether its thread is still busy with it.
- There is no lock. The owner calls `end` under its own lock. All that others read is the future,
  which has a lock inside, and values of which each changes once.
- A waiter that is cancelled leaves the flight as it is, and so do those who wait with it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Literal, Optional

if TYPE_CHECKING:
    from concurrent.futures import Future

# "lost": the process did not run for most of the time, so nothing is known of the issuer.
Outcome = Literal["good", "failed", "lost"]

# A fetch that takes this many times its seconds was stopped together with the process.
_LOST = 2


class Flight:
    """One fetch, with a deadline `seconds` after `started_at`; `asked`: a request can't do without."""

    def __init__(self, started_at: float, seconds: float, *, asked: bool) -> None:
        # Not at the top: a process that starts with known keys doesn't need it.
        from concurrent.futures import Future

        self.started_at: float = started_at
        self.asked: bool = asked
        self.is_running: bool = False
        self._seconds = seconds
        self.has_run: bool = False
        self._ended: Future[Outcome] = Future()
        # A waiter that is cancelled can't cancel it for the others from here on.
        self._ended.set_running_or_notify_cancel()

    def run(self, job: Callable[[Flight], None]) -> None:
        """Run `job(self)`, unless the flight was given up before there was a thread for it."""
        if self.outcome is None:
            self.has_run = self.is_running = True
            try:
                job(self)
            finally:
                self.is_running = False

    def end(self, outcome: Outcome) -> None:
        """Wake everybody who waits."""
        self._ended.set_result(outcome)

    @property
    def outcome(self) -> Optional[Outcome]:
        """How the flight ended, or None while it is under way."""
        return self._ended.result() if self._ended.done() else None

    @property
    def may_run(self) -> bool:
        """Return whether the job is running or has yet to."""
        return self.is_running or self.outcome is None

    def seconds_left(self, now: float, since_start: Optional[float] = None) -> float:
        """Return the seconds until the deadline, or until so many seconds since the start."""
        seconds = self._seconds if since_start is None else min(since_start, self._seconds)
        return max(0.0, self.started_at + seconds - now)

    def is_overdue(self, now: float) -> bool:
        """Return whether the deadline has passed."""
        return now >= self.started_at + self._seconds

    def was_stopped(self, seconds: float) -> bool:
        """Return whether the job can't have run for most of these seconds since its start."""
        return not self.has_run or self.was_frozen(seconds)

    def was_frozen(self, seconds: float) -> bool:
        """Return whether the whole process was stopped for most of these seconds since its start."""
        return seconds >= _LOST * self._seconds

    def wait(self, seconds: float) -> bool:
        """Block until the flight has ended or the seconds have passed; return whether it has ended."""
        from concurrent.futures import wait

        return bool(wait([self._ended], seconds).done)

    async def wait_async(self, seconds: float) -> bool:
        """Async version of `wait`, for asyncio and trio."""
        # A process without an event loop doesn't need it.
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if "trio" not in sys.modules:
                raise
            await _wait_in_trio(self._ended, seconds)
            return self._ended.done()
        ended = asyncio.wrap_future(self._ended)
        try:
            await asyncio.wait([ended], timeout=seconds)
        finally:
            # Only the wrapper: the flight itself can't be cancelled.
            ended.cancel()
        return self._ended.done()


async def _wait_in_trio(future: Future[Outcome], seconds: float) -> None:
    """Wait until a future is done or the seconds have passed."""
    trio: Any = sys.modules["trio"]
    done, wake = trio.Event(), trio.lowlevel.current_trio_token().run_sync_soon

    def set_done(_: object) -> None:
        # If the run is over, nobody waits any more.
        with suppress(trio.RunFinishedError):
            wake(done.set)

    future.add_done_callback(set_done)
    with trio.move_on_after(seconds):
        await done.wait()
