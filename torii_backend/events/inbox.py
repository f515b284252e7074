"""Inboxes remember deliveries, so that a delivery that comes twice is handled once.

An inbox knows nothing of events. It keeps an entry for each key, in one of three states:

- claimed: an owner works on it, until its lease ends. Who else claims it is told "busy".
- done: its handlers have finished. Who claims it is told "done", as long as the inbox keeps it.
- released: a handler failed. The next claim is "new" again, and is told which handlers had finished.

An owner is a random text, one for each attempt. If a lease ends, another may claim the key. `done` and
`release` of the first then change nothing: the inbox compares the owner and writes in one step.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Callable, Literal, NamedTuple, Protocol

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.settings import Unchanging, require_seconds

# Longer than senders try again: the example schedule of Standard Webhooks takes 75 hours.
DEFAULT_RETENTION = 604_800.0


class Claim(NamedTuple):
    """What an inbox says to a claim.

    Attributes:
        state: "new" if the owner may run the handlers, "busy" if another one does, "done" if they ran.
        finished: the names of the handlers that finished in an earlier attempt.
    """

    state: Literal["new", "busy", "done"]
    finished: tuple[str, ...] = ()


class Inbox(Protocol):
    """A store that remembers deliveries. Its methods may block, and raise anything if it is down.

    `Events` calls `claim` before the handlers, then either `done` or `release`. It calls them from
    the thread on which the handlers run, or from any thread if a handler is async. If it has an attribute
    `is_atomic` that is true, async handlers are refused.
    """

    def claim(self, key: str, owner: str, lease: float) -> Claim:
        """Claim a delivery for an owner.

        Args:
            key: the delivery.
            owner: a random text that stands for this attempt.
            lease: seconds after which another owner may claim it, if this one does not finish.

        Returns:
            The Claim.
        """
        ...

    def done(self, key: str, owner: str) -> None:
        """Remember that the handlers of a delivery have finished, if the owner still holds it."""
        ...

    def release(self, key: str, owner: str, finished: Sequence[str]) -> None:
        """Give up a delivery, if the owner still holds it, and remember which handlers finished."""
        ...


class Entry(NamedTuple):
    """What an inbox keeps of a delivery.

    Attributes:
        state: one of the three above.
        owner: who claimed it last.
        until: when the lease ends, or the delivery is forgotten.
        finished: the names of the handlers that finished in an earlier attempt.
    """

    state: Literal["claimed", "done", "released"]
    owner: str
    until: float
    finished: tuple[str, ...] = ()

    def claim(self, now: float) -> Claim:
        """Return what to say to a claim at a time."""
        if self.until > now and self.state != "released":
            return Claim("done" if self.state == "done" else "busy")
        # A lease that ended leaves the handlers that had finished before it.
        is_known = self.until > now or self.state == "claimed"
        return Claim("new", self.finished if is_known else ())


@not_from_requests("your_function")
class MemoryInbox(Unchanging):
    """An inbox in the memory of one process. With several workers, each has its own.

    Args:
        size: how many deliveries it remembers; it forgets the oldest ones first. 10,000 by default,
            which take about 5 MB.
        retention: seconds for which it remembers a delivery, 7 days by default.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        size: int = 10_000,
        *,
        retention: float = DEFAULT_RETENTION,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ConfigurationError("size must be a whole number above 0, such as 10000.")
        self._size = size
        self._retention = require_seconds(retention, "retention")
        self._clock = clock
        self._lock = Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def claim(self, key: str, owner: str, lease: float) -> Claim:
        """Claim a delivery for an owner, see `Inbox`."""
        with self._lock:
            now = self._clock()
            entry = self._entries.get(key)
            claim = Claim("new") if entry is None else entry.claim(now)
            if claim.state == "new":
                self._put(key, Entry("claimed", owner, now + lease, claim.finished))
            return claim

    def done(self, key: str, owner: str) -> None:
        """Remember that the handlers of a delivery have finished, see `Inbox`."""
        with self._lock:
            if self._holds(key, owner):
                self._put(key, Entry("done", owner, self._clock() + self._retention))

    def release(self, key: str, owner: str, finished: Sequence[str]) -> None:
        """Give up a delivery, see `Inbox`."""
        with self._lock:
            if self._holds(key, owner):
                until = self._clock() + self._retention
                self._put(key, Entry("released", owner, until, tuple(finished)))

    def _holds(self, key: str, owner: str) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.state == "claimed" and entry.owner == owner

    def _put(self, key: str, entry: Entry) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def __repr__(self) -> str:
        return f"MemoryInbox(size={self._size})"
