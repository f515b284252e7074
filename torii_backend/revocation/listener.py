"""Listener: keeps the table of a process in step with the log of revocations.

One daemon thread a process. It reads the log from the beginning, writes back what the table has beyond
it, and then waits for news. Each response is a heartbeat, also one without news, which comes every second.

- It begins anew if the connection breaks, or if the entry that it read last is gone or differs. So
  whatever happens to the log, each living process restores what it knows.
- `_unwritten` has the revocations that the log lacks. They are written in pieces and in random order, after
  a random pause, and without those that other processes have written meanwhile.
- If a read fails, it tries again after a pause that grows to 1.5 s. Nothing but `close` ends the thread, or
  that nobody holds the Revocations any more.

`_lock` guards `_unwritten`, `_flight` and the start of the thread. Everything else is written by the
thread alone. A forked child has no thread: the next one who waits starts it. Lock order: this one, then
that of the Revocations.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple, Optional, Protocol

from torii_backend._keys.aging import AgingClock
from torii_backend._keys.flight import Flight
from torii_backend._keys.fork_safety import new_lock
from torii_backend.errors import ToriiError
from torii_backend.observing.kinds import RevocationsFresh, RevocationsStale
from torii_backend.observing.slots import tell
from torii_backend.revocation.log import Log, Page, Stored
from torii_backend.revocation.redis import BLOCK_SECONDS, as_error, is_refusal, reason
from torii_backend.revocation.table import Entry

logger: logging.Logger = logging.getLogger("torii_backend.revocation")

_SPREAD_SECONDS = 0.3
_LEAST_PAUSE = 0.1
# So that news arrive within two seconds of a restart, however long Redis was away.
_MOST_PAUSE = 1.5
_CHUNK = 500
_WARN_EVERY = 60.0
# Without a heartbeat for so long, the thread hangs, such as in a name server.
_SILENCE = 3.5


class Knowledge(Protocol):
    """What the listener needs of a Revocations."""

    fresh_until: float

    def _merge(self, entries: Iterable[Entry]) -> None:
        """Note what was read."""
        ...

    def _moments(self) -> Mapping[Optional[str], float]:
        """Return all revocations, None for that of everybody."""
        ...


class ListenerStats(NamedTuple):
    """The part of `RevocationStats` that is about the log."""

    fresh: bool = True
    stale_for: float = 0.0
    last_event_lag: Optional[float] = None
    resyncs: int = 0
    unwritten: int = 0
    skipped: int = 0


class Listener:
    """Reads the log on a thread. `max_stale` and `start_timeout` are those of Revocations."""

    def __init__(
        self,
        knowledge: Knowledge,
        log: Log,
        clock: AgingClock,
        max_stale: Optional[float],
        start_timeout: float,
    ) -> None:
        self._knowledge = weakref.ref(knowledge)
        self.log = log
        self._clock = clock
        self._max_stale = max_stale
        self._start_timeout = start_timeout
        self._is_closed = False
        self._begin()

    def _begin(self) -> None:
        """Set the state of a process whose thread has yet to start."""
        self._lock = new_lock()
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._flight: Optional[Flight] = None
        self._unwritten: dict[Optional[str], float] = {}
        self._write_at = 0.0
        self._last: Optional[Stored] = None
        self._is_fresh = self._is_stale = False
        self._heartbeat = self._clock.now()
        self._warned_at = -math.inf
        self._lag: Optional[float] = None
        self._reads = 0
        self._skipped = 0

    def start(self) -> Flight:
        """Start the thread, unless it runs; return what ends once the log was read."""
        known = self._flight
        if known is not None:
            return known
        with self._lock:
            if self._flight is not None:
                return self._flight
            flight = Flight(self._clock.now(), self._start_timeout, asked=True)
            thread = threading.Thread(target=self._run, name="torii-revocations", daemon=True)
            self._flight, self._thread = flight, thread
            try:
                if self._is_closed:
                    flight.end("failed")
                else:
                    thread.start()
            except RuntimeError as error:
                # The interpreter is ending, or there are too many threads.
                self._flight = self._thread = None
                flight.end("failed")
                self._failed(error)
            return flight

    def wait(self) -> bool:
        """Wait for the log to be read, until `start_timeout` has passed since the start."""
        flight = self.start()
        return self._waited(flight, is_over=flight.wait(flight.seconds_left(self._clock.now())))

    async def wait_async(self) -> bool:
        """Async version of `wait`."""
        flight = self.start()
        seconds = flight.seconds_left(self._clock.now())
        return self._waited(flight, is_over=await flight.wait_async(seconds))

    def _waited(self, flight: Flight, *, is_over: bool) -> bool:
        """Let nobody else wait; return whether tokens may be accepted."""
        if not is_over:
            self._end(flight, read=False)
        knowledge = self._knowledge()
        if knowledge is not None and self._max_stale is None:
            # Without a thread, ask for one again soon.
            knowledge.fresh_until = math.inf if self._flight else self._clock.now() + 1
        return knowledge is not None and self._clock.now() < knowledge.fresh_until

    def write(self, user_id: Optional[str], moment: float) -> Optional[ToriiError]:
        """Write a revocation. If that fails, return the error, and write it later."""
        try:
            self.log.append({user_id: moment}, self._clock.clock.time())
        except Exception as error:  # noqa: BLE001 (those of several packages)
            problem = as_error(error)
        else:
            return None
        with self._lock:
            self._unwritten[user_id] = max(moment, self._unwritten.get(user_id, 0.0))
        self.start()
        return problem

    def forget(self) -> None:
        """Write nothing of what is yet to be written."""
        with self._lock:
            self._unwritten = {}

    def stats(self) -> ListenerStats:
        """Return how things are now."""
        age = max(0.0, self._clock.now() - self._heartbeat)
        is_fresh = self._is_fresh and age < _SILENCE
        return ListenerStats(
            fresh=is_fresh,
            stale_for=0.0 if is_fresh else age,
            last_event_lag=self._lag,
            resyncs=max(0, self._reads - 1),
            unwritten=len(self._unwritten),
            skipped=self._skipped,
        )

    def close(self) -> None:
        """End the thread, and wait for that a second at most."""
        with self._lock:
            self._is_closed = True
            self._stop.set()
            thread = self._thread
        # The thread may wait for a response.
        self.log.disconnect()
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(BLOCK_SECONDS)
        self._is_fresh = False

    def after_fork_in_child(self) -> None:
        """Forget the thread of the parent and its connections."""
        self._begin()
        self.log.reconnect()
        if self._is_closed:
            self._stop.set()

    def _run(self) -> None:
        failures = 0
        while not self._is_over():
            try:
                self._read_all()
                failures = 0
                while not self._is_over():
                    self._follow()
            except _LogLost:
                pause = _LEAST_PAUSE
            except Exception as error:  # noqa: BLE001 (whatever it is, the thread goes on)
                if self._is_over():
                    return
                failures += 1
                self._failed(error)
                pause = min(_MOST_PAUSE, _LEAST_PAUSE * 2**failures) * random.uniform(0.5, 1)  # noqa: S311
            else:
                return
            self._stop.wait(pause)

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._knowledge() is None

    def _read_all(self) -> None:
        """Read the log from the beginning, and find out what it lacks."""
        self._last, self._skipped = None, 0
        stored: dict[Optional[str], float] = {}
        while self._read_page(stored):
            pass
        knowledge = self._knowledge()
        if knowledge is None:
            return
        self._reads += 1
        self._alive()
        with self._lock:
            # Under the lock, so that what `write` adds meanwhile is not lost.
            lacking = [
                (user_id, moment)
                for user_id, moment in knowledge._moments().items()
                if stored.get(user_id, -1.0) < moment
            ]
            random.shuffle(lacking)
            self._unwritten = dict(lacking)
        self._write_at = time.monotonic() + random.uniform(0, _SPREAD_SECONDS)  # noqa: S311

    def _follow(self) -> None:
        """Write what is due, wait for news, and read them."""
        pause = BLOCK_SECONDS
        if self._unwritten:
            if time.monotonic() >= self._write_at:
                self._write_some()
            pause = min(pause, max(0.0, self._write_at - time.monotonic()))
        began = time.monotonic()
        has_news = self.log.wait(self._last, pause)
        # Redis may return early without news: https://github.com/redis/redis/issues/5299
        if not has_news and time.monotonic() - began < min(pause, _LEAST_PAUSE) / 2:
            self._stop.wait(_LEAST_PAUSE)
        while self._read_page(None):
            pass
        self._alive()

    def _read_page(self, stored: Optional[dict[Optional[str], float]]) -> bool:
        """Read a page; return whether there may be more. `stored` notes all that is in the log."""
        page = self.log.read(self._last, self._clock.clock.time())
        if page is None:
            raise _LogLost
        self._last = page.last
        self._take(page)
        if stored is None:
            if page.entries:
                self._lag = max(0.0, self._clock.clock.time() - page.written_at)
        else:
            for user_ids, moment in page.entries:
                for user_id in user_ids:
                    stored[user_id] = max(moment, stored.get(user_id, -1.0))
        return page.has_more

    def _take(self, page: Page) -> None:
        self._skipped += page.skipped
        knowledge = self._knowledge()
        if not page.entries or knowledge is None:
            return
        knowledge._merge(page.entries)
        with self._lock:
            for user_ids, moment in page.entries:
                for user_id in user_ids:
                    if self._unwritten.get(user_id, math.inf) <= moment:
                        del self._unwritten[user_id]

    def _write_some(self) -> None:
        """Write a part of what the log lacks; all of them after another, if nothing goes wrong."""
        with self._lock:
            chunk = dict(islice(self._unwritten.items(), _CHUNK))
        try:
            self.log.append(chunk, self._clock.clock.time())
        except Exception as error:
            if not is_refusal(error):
                raise
            # It can be read, so go on with that.
            self._write_at = time.monotonic() + _MOST_PAUSE
            self._warn(
                "%d revocations are not stored yet: %s.", len(self._unwritten), reason(error)
            )
            return
        with self._lock:
            for user_id, moment in chunk.items():
                if self._unwritten.get(user_id) == moment:
                    del self._unwritten[user_id]

    def _alive(self) -> None:
        """Note a heartbeat."""
        knowledge = self._knowledge()
        if knowledge is None or self._is_closed:
            return
        now, before = self._clock.now(), self._heartbeat
        self._heartbeat = now
        knowledge.fresh_until = math.inf if self._max_stale is None else now + self._max_stale
        if not self._is_fresh:
            self._is_fresh = True
            self._warned_at = -math.inf
            self._is_stale = False
            logger.info("Revocations are up to date.")
            tell(RevocationsFresh(max(0.0, now - before)))
        flight = self._flight
        if flight is not None:
            self._end(flight, read=True)

    def _end(self, flight: Flight, *, read: bool) -> None:
        with self._lock:
            if flight.outcome is None:
                flight.end("good" if read else "failed")

    def _failed(self, error: BaseException) -> None:
        self._is_fresh = False
        if not self._is_stale:
            self._is_stale = True
            tell(RevocationsStale(self._max_stale))
        then = (
            "Meanwhile, tokens are accepted that only other processes know to be revoked."
            if self._max_stale is None
            else f"Requests are refused once that takes {self._max_stale:g} s."
        )
        age = self._clock.now() - self._heartbeat
        message = "Revocations have not been up to date for %.0f s: %s. %s"
        self._warn(message, age, reason(error), then)

    def _warn(self, message: str, *values: object) -> None:
        """Log a warning, once a minute."""
        now = time.monotonic()
        if now >= self._warned_at + _WARN_EVERY:
            self._warned_at = now
            logger.warning(message, *values)


class _LogLost(Exception):
    """The entry that was read last is gone."""
