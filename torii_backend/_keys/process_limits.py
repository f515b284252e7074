"""ProcessLimits: what all key stores of a process share, so that forged tokens can't take it all.

State: the number of threads that fetch, the jobs that wait for a thread, the number of requests that
wait on for a slow fetch, and whether any issuer's keys are there.

Events: a job is given, a job ends, a request wants to wait on, it stops waiting, the process forks.

- At most MAX_THREADS threads run jobs. A job that finds no thread waits for one. Those of stores that
  serve users come first, and the last two threads are for them alone: a flood of tokens for tenants
  that nobody uses must not delay a key rotation.
- A store whose earlier jobs still hang comes last, and only while half of the threads are free: it
  must not take those that other issuers need.
- `_lock` is held while a thread is started, never while a job runs. A caller may hold a lock of its
  own; a job is started without any.
- A thread goes on with the next job and ends if there is none, so an idle process has no thread.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import Callable, Optional

from torii_backend._keys.fork_safety import reset_in_child

MAX_THREADS = 8
# How many threads may run if another one is started, by rank: urgent jobs, others, and those of a
# store that has threads already.
_THREADS = (MAX_THREADS, MAX_THREADS - 2, MAX_THREADS // 2)
MAX_WAITING = 2

Job = Callable[[], None]


class ProcessLimits:
    """The threads that fetch, and the requests that wait for a slow fetch although keys are known."""

    def __init__(self) -> None:
        # Whether there are keys of any issuer, so that the process has users to serve.
        self.serves: bool = False
        self.after_fork_in_child()
        reset_in_child(self)

    def after_fork_in_child(self) -> None:
        """Forget the threads and the requests of the parent; see `fork_safety`."""
        self._lock = threading.Lock()
        self._threads = 0
        self._waiting = 0
        self._queues: tuple[deque[Job], ...] = tuple(deque() for _ in _THREADS)

    def run(self, job: Job, *, urgent: bool, again: bool) -> None:
        """Run a job on a thread, now or when one is free; raise RuntimeError if none can start.

        `urgent`: there are keys in use. `again`: an earlier job of the same store is still running.
        """
        rank = 2 if again else int(not urgent)
        with self._lock:
            self._queues[rank].append(job)
            self._start_next()

    def start_waiting(self) -> bool:
        """Return whether one more request may wait on. If so, it calls `stop_waiting`."""
        with self._lock:
            if self._waiting >= MAX_WAITING:
                return False
            self._waiting += 1
            return True

    def stop_waiting(self) -> None:
        """Let another request wait on."""
        with self._lock:
            self._waiting -= 1

    def _start_next(self) -> None:
        """Start a thread for the next job, if there is one and a thread is free; needs the lock."""
        jobs = self._next_jobs()
        if jobs is not None:
            thread = threading.Thread(
                target=self._work, args=(jobs[0],), name="torii-keystore", daemon=True
            )
            thread.start()
            jobs.popleft()
            self._threads += 1

    def _next_jobs(self) -> Optional[deque[Job]]:
        """Return the queue whose first job may run if a thread is added to those that run."""
        for jobs, threads in zip(self._queues, _THREADS):
            if jobs and self._threads < threads:
                return jobs
        return None

    def _work(self, job: Optional[Job]) -> None:
        # Yield the GIL, so that the request that started this thread continues first.
        time.sleep(0)
        while job is not None:
            try:
                job()
            except BaseException:  # noqa: BLE001 (such as a log handler's; other jobs have to go on)
                threading.excepthook(
                    threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))
                )
            job = self._next_job()

    def _next_job(self) -> Optional[Job]:
        """Return the job that a thread goes on with, or None if the thread should end."""
        with self._lock:
            self._threads -= 1
            jobs = self._next_jobs()
            if jobs is None:
                return None
            self._threads += 1
            return jobs.popleft()


LIMITS = ProcessLimits()
