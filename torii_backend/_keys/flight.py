"""Refresher: one fetch at a time on a worker thread, shared by all who wait for its result."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Callable, Literal, NamedTuple, Optional, Union

from torii_backend._keys.fetch import FetchError
from torii_backend._keys.fetch_limiter import FetchLimiter
from torii_backend._keys.keyset import KeySet

if TYPE_CHECKING:
    from concurrent.futures import Future

FETCH_SECONDS = 5.0
# Workers that a server holds up beyond the deadline are left behind, but not without end.
MAX_WORKERS = 4


# The keys are missing or have reached their age; a kid is unknown; or nothing is the matter.
Cause = Optional[Literal["due", "unknown_kid"]]


class Attempt(NamedTuple):
    """One fetch under way.

    Attributes:
        started_at: monotonic seconds.
        done: completes, without a value, when the attempt has succeeded, failed or been given up.
    """

    started_at: float
    done: Future[None]


class Refresher:
    """Runs the fetches of one key store.

    No lock is held while anything is fetched or waited for.

    Args:
        issuer: whose keys these are, for the log.
        load: fetches and parses a key set, or raises FetchError; runs on the worker thread.
        install: takes a key set that was loaded in time.
        monotonic: the source of time.

    Attributes:
        fetches: how many attempts were started.
        failures: how many of them failed.
        pacing: when the next one may start.
    """

    def __init__(
        self,
        issuer: str,
        load: Callable[[], KeySet],
        install: Callable[[KeySet], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.fetches: int = 0
        self.failures: int = 0
        self.pacing: FetchLimiter = FetchLimiter()
        self._issuer = issuer
        self._load = load
        self._install = install
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._attempt: Optional[Attempt] = None
        self._workers: list[threading.Thread] = []
        _refreshers.add(self)

    def start_if_idle(self, now: float, cause: Callable[[], Cause]) -> None:
        """Do as `join_or_start`, but take no lock where nothing can be started."""
        if now >= self.pacing.retry_at and not self._is_busy(now):
            self.join_or_start(now, cause)

    def join_or_start(
        self, now: float, cause: Callable[[], Cause]
    ) -> tuple[Optional[Attempt], bool]:
        """Return the attempt under way, else a new one if it is needed and the pace allows it.

        Args:
            now: monotonic seconds.
            cause: tells why one is needed; asked once nobody else can start or end one.

        Returns:
            The attempt, or None, and whether it is new.
        """
        with self._lock:
            if self._is_busy(now):
                return self._attempt, False
            if self._attempt is not None:
                self._end(self._attempt, FetchError("no answer in time"))
            why = cause()
            if why is None or not self.pacing.allow(now, due=why == "due"):
                return None, False
            return self._start(now), True

    def wait(self, attempt: Attempt) -> None:
        """Block until an attempt is done; gives it up when its time is over."""
        from concurrent.futures import wait

        if not wait([attempt.done], self._remaining(attempt)).done:
            self._finish(attempt, FetchError("no answer in time"))

    async def wait_async(self, attempt: Attempt) -> None:
        """Do as `wait`, but without blocking the event loop."""
        # A process that never awaits never needs it.
        import asyncio

        done = asyncio.wrap_future(attempt.done)
        try:
            await asyncio.wait([done], timeout=self._remaining(attempt))
        finally:
            # Only the wrapper: the attempt itself cannot be cancelled.
            done.cancel()
        if not attempt.done.done():
            self._finish(attempt, FetchError("no answer in time"))

    def _is_busy(self, now: float) -> bool:
        attempt = self._attempt
        return attempt is not None and now < attempt.started_at + FETCH_SECONDS

    def _remaining(self, attempt: Attempt) -> float:
        return max(0.0, attempt.started_at + FETCH_SECONDS - self._monotonic())

    def _start(self, now: float) -> Attempt:
        # Not at the top: a process that starts with known keys need not pay for it.
        from concurrent.futures import Future

        attempt = self._attempt = Attempt(now, Future())
        # From here on nobody who waits for it can cancel it for the others.
        attempt.done.set_running_or_notify_cancel()
        self.fetches += 1
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        if len(self._workers) >= MAX_WORKERS:
            self._end(attempt, FetchError("earlier fetches still hang"))
            return attempt
        worker = threading.Thread(
            target=self._run, args=(attempt,), name="torii-keystore", daemon=True
        )
        try:
            worker.start()
        except RuntimeError:
            self._end(attempt, FetchError("no thread could be started"))
        else:
            self._workers.append(worker)
        return attempt

    def _run(self, attempt: Attempt) -> None:
        """Load a key set, on the worker thread."""
        # A new thread starts with the interpreter's lock: give it back to whoever started this one.
        time.sleep(0)
        outcome: Union[KeySet, FetchError]
        try:
            outcome = self._load()
        except FetchError as error:
            outcome = error
        except BaseException as error:  # noqa: BLE001 (such as gevent's Timeout; the thread ends here)
            outcome = FetchError(f"the fetch failed ({type(error).__name__})")
        self._finish(attempt, outcome)

    def _finish(self, attempt: Attempt, outcome: Union[KeySet, FetchError]) -> None:
        with self._lock:
            self._end(attempt, outcome)

    def _end(self, attempt: Attempt, outcome: Union[KeySet, FetchError]) -> None:
        """Take the outcome of an attempt, unless it was given up; called with the lock held."""
        if self._attempt is not attempt:
            return
        self._attempt = None
        if isinstance(outcome, FetchError):
            self.failures += 1
            self.pacing.failed(attempt.started_at)
            if self.pacing.failures == 1:
                _warn("cannot fetch the keys of %s: %s", self._issuer, outcome)
        else:
            if self.pacing.failures:
                _warn("the keys of %s can be fetched again", self._issuer)
            self.pacing.succeeded()
            self._install(outcome)
        attempt.done.set_result(None)

    def after_fork_in_child(self) -> None:
        """Forget the worker, and whoever held the lock: they stayed behind in the parent."""
        self._lock = threading.Lock()
        self._attempt = None
        self._workers = []


def _warn(message: str, *values: object) -> None:
    # Only an outage needs it, so start-up does not pay for the import.
    import logging

    logging.getLogger("torii_backend.keystore").warning(message, *values)


_refreshers: weakref.WeakSet[Refresher] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for refresher in list(_refreshers):
        refresher.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
