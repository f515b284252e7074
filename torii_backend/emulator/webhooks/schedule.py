"""Schedule: which delivery is sent next, and when. Pure: it reads no clock and sends nothing.

Each URL has a queue. The first delivery of a queue is sent until it succeeds, and those behind it wait,
so a receiver gets events in order and at least once. A delivery is

- waiting, from `add` until `next` returns it;
- in flight, until `record` is told how the attempt went;
- then waiting again, for a retry, or finished: delivered, or failed after `1 + len(RETRY_SECONDS)` attempts.

Whatever could grow is bounded: queues (a delivery too many is dropped), finished deliveries (the oldest
are forgotten), URLs and staged faults (one too many is refused).

A staged fault is for the next event that is added, and for its first attempt. A delivery that is to be
reordered waits for the next event, which then goes before it, but for 5 seconds at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from secrets import token_hex
from typing import Any, NamedTuple, Optional

from torii_backend.emulator.webhooks.delivery import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Fault,
    require_fault,
)

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
MAX_URLS = 16
MAX_WAITING = 1000
MAX_FINISHED = 1000
_MAX_FAULTS = 100
_REORDER_SECONDS = 5.0


class Job:
    """A delivery that changes with each attempt."""

    def __init__(
        self, url: str, event: Mapping[str, Any], fault: Optional[Fault] = None, due: float = 0.0
    ) -> None:
        self.id: str = f"msg_{token_hex(12)}"
        self.url: str = url
        self.event: Mapping[str, Any] = event
        self.due: float = due
        self.waits_for_another: bool = fault == "reorder"
        self._fault: Optional[Fault] = fault
        self._missing_successes = 2 if fault == "duplicate" else 1
        self._attempts: list[DeliveryAttempt] = []
        self.state: DeliveryState = "pending"

    @property
    def fault(self) -> Optional[Fault]:
        """The fault of the next attempt. Only the first one has any."""
        return None if self._attempts else self._fault

    def record(self, attempt: DeliveryAttempt, now: float) -> None:
        """Record how an attempt went, and when the next one is due."""
        self._attempts.append(attempt)
        self.due = now
        if attempt.succeeded():
            self._missing_successes -= 1
            self.state = "pending" if self._missing_successes else "delivered"
            return
        failures = sum(not each.succeeded() for each in self._attempts)
        if failures > len(RETRY_SECONDS):
            self.state = "failed"
        else:
            self.due += RETRY_SECONDS[failures - 1]

    def snapshot(self) -> Delivery:
        """Return what became of it so far."""
        return Delivery(self.id, self.url, self.event, self.state, tuple(self._attempts))


class Next(NamedTuple):
    """The job to do now, or the seconds until there is one; neither if the queue is empty."""

    job: Optional[Job] = None
    seconds: Optional[float] = None


class Schedule:
    """The deliveries to all URLs. Whoever uses it holds a lock."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Job]] = {}
        self._finished: deque[Delivery] = deque(maxlen=MAX_FINISHED)
        self._faults: deque[Fault] = deque()
        self._in_work: set[str] = set()

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs that get events."""
        return tuple(self._queues)

    def register(self, url: str) -> None:
        """Send events to this URL, too, from now on."""
        if url not in self._queues and len(self._queues) >= MAX_URLS:
            raise ValueError(f"url must be one of at most {MAX_URLS} that are registered.")
        self._queues.setdefault(url, deque())

    def stage(self, fault: Fault) -> None:
        """Let something go wrong with the next event that has no staged fault yet."""
        require_fault(fault)
        if len(self._faults) >= _MAX_FAULTS:
            raise ValueError(f"fault must be one of at most {_MAX_FAULTS} that are staged.")
        self._faults.append(fault)

    def add(self, event: Mapping[str, Any], now: float) -> None:
        """Add an event to all queues."""
        if not self._queues:
            return
        fault = self._faults.popleft() if self._faults else None
        for url, queue in self._queues.items():
            job = Job(url, event, fault, now + (_REORDER_SECONDS if fault == "reorder" else 0.0))
            if len(queue) >= MAX_WAITING:
                job.state = "dropped"
                self._finished.append(job.snapshot())
            elif queue and queue[-1].waits_for_another:
                queue[-1].waits_for_another, queue[-1].due = False, now
                queue.insert(len(queue) - 1, job)
            else:
                queue.append(job)

    def start_work(self) -> list[str]:
        """Return the URLs that have a delivery and nobody who works on it. Somebody does from now on."""
        started = [url for url, queue in self._queues.items() if queue and url not in self._in_work]
        self._in_work.update(started)
        return started

    def end_work(self, url: str) -> None:
        """Note that nobody works for a URL any more."""
        self._in_work.discard(url)

    def next(self, url: str, now: float, *, hurry: bool = False) -> Next:
        """Return what to do for a URL. With `hurry`, nothing waits for its time."""
        queue = self._queues[url]
        if not queue:
            return Next()
        job = queue[0]
        if job.due > now and not hurry:
            return Next(seconds=job.due - now)
        job.waits_for_another = False
        return Next(job)

    def record(self, job: Job, attempt: DeliveryAttempt, now: float) -> None:
        """Record how an attempt went."""
        job.record(attempt, now)
        if job.state != "pending":
            self._queues[job.url].remove(job)
            self._finished.append(job.snapshot())

    def is_finished(self) -> bool:
        """Return whether nothing is to be sent any more."""
        return not any(self._queues.values())

    def deliveries(self) -> list[Delivery]:
        """Return the deliveries so far: the finished ones, then those that wait, by URL."""
        waiting = [job.snapshot() for queue in self._queues.values() for job in queue]
        return [*self._finished, *waiting]
