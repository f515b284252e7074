"""KeyStore: the cached, refreshing verification keys of one issuer.

State: the key set (none, fresh, due for a refresh, or too old to use), at most one flight that
fetches the next one, the limiter that says when another may start, and how the last flight ended.

Events: a caller needs a kid, a refresh is due, a flight ends, a flight is overdue, the process forks, an
emulator is reset (`forget`).
Each of them but the fork is decided under `_lock`, by `_reap`, `_join_or_start` and `_end`.

- `_lock` is never held while anything is fetched, logged or waited for (`_deciding`).
- `usable`, `key_for_header` and the numbers read without the lock. That is safe, because a KeySet is
  never changed: its successor takes its place in one assignment, so a reader sees the old or the new.
- What was read without the lock is asked again under it (`_join_or_start`) before a fetch starts,
  because another thread may have just fetched.
- `usable` is a pure read. A fetch starts in `refresh_if_due`, which waits for nothing, and in `key`,
  `warm` and `prefetch`.

Who waits (`_waits`): without usable keys, everybody until the deadline. With usable keys, whoever
needs an unknown kid waits for the first second of a fetch, so that nobody notices a key rotation.
From then on at most two requests of the process wait, as unknown kids may be forged.

How a flight ends: with keys, failed, or lost. It is lost if the process was stopped for most of the
time, as serverless platforms do between requests. That says nothing of the issuer, so it delays no
fetch. After a refresh that failed or was lost, the request that starts the next one waits for it, a
second at most, because perhaps no thread of this process runs between requests.

A flight that was given up no longer counts. Its late keys are used unless there are newer ones. Its
thread counts towards MAX_FLIGHTS until it ends.

Times are those of the AgingClock, read by callers only. A set is as old as the start of its fetch.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Optional, Union
from weakref import WeakValueDictionary

from torii_backend._keys.aging import AgingClock, Clock, aging_clock
from torii_backend._keys.cache_control import DEFAULT_SECONDS
from torii_backend._keys.failure import describe, is_set_up_fault, without_exchange
from torii_backend._keys.fetch import Fetch, FetchError, fetch
from torii_backend._keys.fetch_limiter import REFILL_SECONDS, FetchLimiter
from torii_backend._keys.flight import Flight, Outcome
from torii_backend._keys.fork_safety import reset_in_child
from torii_backend._keys.keyset import KeySet
from torii_backend._keys.load import load_keys
from torii_backend._keys.process_limits import LIMITS
from torii_backend.errors import InvalidToken, KeysUnavailable
from torii_backend.settings import DEFAULT_FETCH_TIMEOUT

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

# Threads that a server holds beyond the deadline are left behind, but only so many.
MAX_FLIGHTS = 4
MAX_STALE_SECONDS = 24 * 3600.0
# Everybody waits so long for a fetch although keys are known.
PATIENCE_SECONDS = 1.0
# A refresh starts after this part of the lifetime, so that new keys arrive before the end of it.
_REFRESH_AHEAD = 0.8

# What to wait for, and for how many seconds.
Waits = Generator[tuple[Flight, float], None, None]

# All of this process, by id: the one collection of weak references that is copied atomically.
_stores: WeakValueDictionary[int, KeyStore] = WeakValueDictionary()


class KeyStore:
    """The keys of one issuer, fetched on first use and kept fresh from then on.

    `keys` are there from the start. With `refresh=False` they are all there is, for good. Without a
    good fetch, keys are usable for `max_stale` seconds, and for their lifetime at least.
    """

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Fetch = fetch,
        fetch_timeout: float = DEFAULT_FETCH_TIMEOUT,
        max_stale: float = MAX_STALE_SECONDS,
        keys: Optional[dict[str, VerificationKey]] = None,
        refresh: bool = True,
        clock: Union[Clock, AgingClock] = time,
    ) -> None:
        self.issuer: str = issuer
        self.fetch_timeout: float = fetch_timeout
        self.fetches: int = 0
        self.failures: int = 0
        self._fetch = fetch
        self._max_stale = max_stale
        self._refreshes = refresh
        self._clock = aging_clock(clock)
        self._limiter = FetchLimiter()
        self._lock = threading.Lock()
        self._flight: Optional[Flight] = None
        # Whether the next refresh is waited for, and what the last failed fetch raised.
        self._waits_for_refresh = False
        self._error: Optional[BaseException] = None
        # Flights whose job may still run, those that were given up included.
        self._running: list[Flight] = []
        # What to do once the lock is free: wake those who wait, and write to the log.
        self._ended: list[tuple[Flight, Outcome]] = []
        self._reports: list[Optional[BaseException]] = []
        self._key_set = None if keys is None else self._seeded(keys)
        reset_in_child(self)
        _stores[id(self)] = self

    def usable(self, now: float) -> Optional[KeySet]:
        """Return the keys that may verify now, or None; starts no fetch."""
        key_set = self._key_set
        return None if key_set is None or now >= key_set.stale_at else key_set

    def refresh_if_due(self, now: float) -> bool:
        """Start a refresh in the background if the keys have reached their age.

        Returns whether the caller should start it by `key` and wait for it.
        """
        key_set = self._key_set
        # Keys that are too old to use are fetched by `key`, which waits for them.
        if key_set is None or not key_set.refresh_at <= now < key_set.stale_at:
            return False
        # Without the lock, as each request comes this way during an outage.
        flight = self._flight
        if flight is not None:
            if not flight.is_overdue(now):
                return False
            self._reap(now)
        if now < self._limiter.refresh.retry_at:
            return False
        if not self._waits_for_refresh:
            self._join_or_start(None, now)
        return self._waits_for_refresh

    def key(self, kid: str) -> VerificationKey:
        """Return the key of a kid; waits for a fetch only if the kid is unknown or a refresh was lost."""
        asked_at = self._clock.now()
        self._wait_for(kid)
        return self._require_key(kid, asked_at)

    async def key_async(self, kid: str) -> VerificationKey:
        """Async version of `key`."""
        asked_at = self._clock.now()
        await self._wait_for_async(kid)
        return self._require_key(kid, asked_at)

    def key_for_header(self, header: bytes, now: float) -> Optional[VerificationKey]:
        """Return the usable key that is remembered for a JWS header segment; starts no fetch."""
        key_set = self.usable(now)
        return None if key_set is None else key_set.by_header.get(header)

    def remember_header(self, header: bytes, key: VerificationKey) -> None:
        """Remember that a signature under a JWS header segment has verified with a key."""
        if self._key_set is not None:
            self._key_set.remember_header(header, key)

    def warm(self) -> None:
        """Fetch the keys unless there are usable ones, and wait for them."""
        self._wait_for(None)
        self._require_keys()

    async def warm_async(self) -> None:
        """Async version of `warm`."""
        await self._wait_for_async(None)
        self._require_keys()

    def prefetch(self) -> None:
        """Start to fetch the keys unless there are usable ones; waits for nothing."""
        now = self._clock.now()
        self.refresh_if_due(now)
        if self.usable(now) is None:
            self._join_or_start(None, now)

    @property
    def age(self) -> Optional[float]:
        """Seconds since the last good fetch, or None before it."""
        key_set = self._key_set
        return None if key_set is None else self._clock.now() - key_set.fetched_at

    def forget(self) -> None:
        """Start anew: without keys, backoff or empty bucket. Does nothing if keys are never fetched."""
        if not self._refreshes:
            return
        with self._deciding():
            if self._flight is not None:
                self._ended.append((self._flight, "lost"))
            self._flight = None
            self._running = []
            self._key_set = None
            self._limiter = FetchLimiter()
            self._waits_for_refresh = False
            self._error = None

    def after_fork_in_child(self) -> None:
        """Forget the flights and the lock of the parent; see `fork_safety`."""
        self._lock = threading.Lock()
        self._flight = None
        self._running = []
        self._ended = []
        self._reports = []

    def _wait_for(self, kid: Optional[str]) -> None:
        with closing(self._waits(kid)) as waits:
            for flight, seconds in waits:
                flight.wait(seconds)

    async def _wait_for_async(self, kid: Optional[str]) -> None:
        with closing(self._waits(kid)) as waits:
            for flight, seconds in waits:
                await flight.wait_async(seconds)

    def _waits(self, kid: Optional[str]) -> Waits:
        """Yield what to wait for, and how long, until the kid (None: any key) is known.

        A flight that was under way already may have read the set before this kid was published, or
        have been a refresh that failed. After it one more is worth starting, and after one that was
        lost.
        """
        for _ in range(2):
            now = self._clock.now()
            has_to_wait = self.refresh_if_due(now)
            key_set = self.usable(now)
            is_known = key_set is not None and (kid is None or kid in key_set.keys)
            if is_known and not has_to_wait:
                return
            flight, is_new = self._join_or_start(kid, now)
            if flight is None:
                return
            if key_set is not None:
                yield flight, flight.seconds_left(now, PATIENCE_SECONDS)
            if not is_known and flight.outcome is None:
                yield from self._wait_on(flight, is_cold=key_set is None)
            if is_known or not _is_worth_another(flight, is_new=is_new):
                return

    def _wait_on(self, flight: Flight, *, is_cold: bool) -> Waits:
        """Yield a flight to be waited for until its deadline, and give it up if it is still under way."""
        if not is_cold and not LIMITS.start_waiting():
            raise self._unavailable()
        try:
            yield flight, flight.seconds_left(self._clock.now())
        finally:
            if not is_cold:
                LIMITS.stop_waiting()
        if flight.outcome is None:
            with self._deciding():
                self._end_overdue(flight, self._clock.now())

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Hold the lock; log and wake waiters once it is free, as a log handler may call us or block."""
        with self._lock:
            yield
            ended, self._ended = self._ended, []
            reports, self._reports = self._reports, []
        try:
            for report in reports:
                _log(self.issuer, report)
        finally:
            for flight, outcome in ended:
                flight.end(outcome)

    def _reap(self, now: float) -> None:
        """End the flight under way if it is overdue."""
        with self._deciding():
            flight = self._flight
            if flight is not None and flight.is_overdue(now):
                self._end_overdue(flight, now)

    def _join_or_start(self, kid: Optional[str], now: float) -> tuple[Optional[Flight], bool]:
        """Return the flight under way, or a new one if it is needed and allowed; and whether it is new."""
        self._reap(now)
        with self._deciding():
            if self._flight is not None:
                return self._flight, False
            key_set = self.usable(now)
            is_asked = key_set is None or (kid is not None and kid not in key_set.keys)
            is_needed = is_asked or (key_set is not None and now >= key_set.refresh_at)
            if not (self._refreshes and is_needed and self._limiter.allow(now, asked=is_asked)):
                return None, False
            return self._start(now, asked=is_asked, urgent=key_set is not None), True

    def _start(self, now: float, *, asked: bool, urgent: bool) -> Flight:
        """Start a flight; called with the lock held."""
        flight = self._flight = Flight(now, self.fetch_timeout, asked=asked)
        self.fetches += 1
        self._running = [each for each in self._running if each.may_run]
        if len(self._running) >= MAX_FLIGHTS:
            self._end(flight, FetchError("earlier fetches still hang"))
            return flight
        try:
            LIMITS.run(lambda: flight.run(self._run), urgent=urgent)
        except RuntimeError:
            self._end(flight, FetchError("no thread could be started"))
        else:
            self._running.append(flight)
        return flight

    def _run(self, flight: Flight) -> None:
        """Fetch the keys, on a thread of their own."""
        # Not the AgingClock, because a test that freezes time may spare this thread.
        monotonic = self._clock.clock.monotonic
        began = monotonic()
        result: Union[KeySet, BaseException, None]
        try:
            result = self._load(flight.started_at)
        except BaseException as error:  # noqa: BLE001 (such as gevent's Timeout; the thread ends here)
            result = None if flight.was_stopped(monotonic() - began) else error
        with self._deciding():
            self._end(flight, result)

    def _end_overdue(self, flight: Flight, now: float) -> None:
        """End a flight that has no result in time; called with the lock held."""
        was_stopped = flight.was_stopped(now - flight.started_at)
        self._end(flight, None if was_stopped else FetchError("no response in time"))

    def _end(self, flight: Flight, result: Union[KeySet, BaseException, None]) -> None:
        """Take the result of a flight; None if it was lost. Called with the lock held."""
        is_current = self._flight is flight
        if isinstance(result, KeySet):
            if is_current or self._key_set is None or result.is_newer_than(self._key_set):
                self._succeed(result)
        elif is_current:
            self._waits_for_refresh = not flight.asked
            if result is not None:
                self._fail(flight, result)
        if is_current:
            self._flight = None
            outcome: Outcome = "lost" if result is None else "failed"
            self._ended.append((flight, "good" if isinstance(result, KeySet) else outcome))

    def _succeed(self, key_set: KeySet) -> None:
        if self._error is not None:
            self._reports.append(None)
        self._key_set = key_set
        self._limiter.succeeded()
        self._waits_for_refresh = False
        self._error = None

    def _fail(self, flight: Flight, error: BaseException) -> None:
        self.failures += 1
        self._limiter.failed(flight.started_at, asked=flight.asked)
        is_news = self._error is None or is_set_up_fault(error) > is_set_up_fault(self._error)
        self._error = without_exchange(error)
        if is_news:
            self._reports.append(self._error)

    def _load(self, started_at: float) -> KeySet:
        keys, lifetime = load_keys(self._fetch, self.issuer, self.fetch_timeout)
        return KeySet(
            keys,
            fetched_at=started_at,
            refresh_at=started_at + _REFRESH_AHEAD * lifetime,
            stale_at=started_at + max(lifetime, self._max_stale),
            previous=self._key_set,
        )

    def _seeded(self, keys: dict[str, VerificationKey]) -> KeySet:
        now = self._clock.now()
        if not self._refreshes:
            return KeySet(keys, fetched_at=now, refresh_at=math.inf, stale_at=math.inf)
        stale_at = now + max(DEFAULT_SECONDS, self._max_stale)
        return KeySet(keys, fetched_at=now, refresh_at=now, stale_at=stale_at)

    def _require_key(self, kid: str, asked_at: float) -> VerificationKey:
        key_set = self._require_keys()
        key = key_set.keys.get(kid)
        if key is not None:
            return key
        # Only a set that is new enough can say that there is no such key.
        is_recent = (
            key_set.fetched_at > asked_at - REFILL_SECONDS and not self._limiter.asked.failures
        )
        if is_recent or not self._refreshes:
            raise InvalidToken("unknown_key")
        raise self._unavailable()

    def _require_keys(self) -> KeySet:
        key_set = self.usable(self._clock.now())
        if key_set is None:
            raise self._unavailable()
        return key_set

    def _unavailable(self) -> KeysUnavailable:
        unavailable = KeysUnavailable(self._limiter.retry_after(self._clock.now()))
        unavailable.__cause__ = self._error
        return unavailable


def _is_worth_another(flight: Flight, *, is_new: bool) -> bool:
    """Return whether a request that has waited for this flight in vain may wait for another one."""
    outcome = flight.outcome
    return outcome == "lost" or (not is_new and (outcome == "good" or not flight.asked))


def _log(issuer: str, error: Optional[BaseException]) -> None:
    """Log the start of an outage, or its end."""
    # Not at the top: only an outage needs it.
    import logging

    logger = logging.getLogger("torii_backend.keystore")
    if error is None:
        logger.warning("the keys of %s can be fetched again", issuer)
    elif is_set_up_fault(error):
        logger.error(
            "cannot fetch the keys of %s, because of this process or its settings: %s",
            issuer,
            describe(error),
        )
    else:
        logger.warning("cannot fetch the keys of %s: %s", issuer, describe(error))


def forget_keys(issuer: str) -> None:
    """Let every KeyStore of an issuer start anew: the issuer is an emulator that was reset."""
    for reference in list(_stores.valuerefs()):
        store = reference()
        if store is not None and store.issuer == issuer:
            store.forget()
