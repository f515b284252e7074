"""KeyFetcher: the key set of one issuer, and the fetches that replace it. KeyStore is for callers.

State: the key set (none, fresh, due for a refresh, or too old to use), at most one flight that
fetches the next one, the limiter that says when another may start, and how the last flight ended.

Events: a fetch is needed, a flight ends, a flight is overdue, an emulator is reset (`forget`), the
process forks. Each of them but the fork is decided under `_lock`, by `_join_or_start`, `_end` and what they call.

- `_lock` is never held while anything is fetched, logged or waited for (`_deciding`).
- `usable` and the numbers read without the lock. That is safe, because a KeySet is never changed: its
  successor takes its place in one assignment, so a reader sees the old or the new.
- What was read without the lock is asked again under it (`_join_or_start`) before a fetch starts,
  because another thread may have just fetched.

How a flight ends: with keys, failed, or lost. It is lost if the process was stopped for most of the
time, as serverless platforms do between requests. That says nothing of the issuer, so it delays no
fetch. After a refresh that failed or was lost, the next one is waited for (`_waits_for_refresh`),
because perhaps no thread of this process runs between requests.

A flight that was given up no longer counts. Its late keys are used unless there are newer ones or it
was forgotten. Its thread counts towards MAX_FLIGHTS until it ends.

Times are those of the AgingClock, read by callers only. A set is as old as the start of its fetch.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Optional, Union
from weakref import WeakValueDictionary

from torii_backend._keys.aging import AgingClock, Clock, aging_clock
from torii_backend._keys.cache_control import DEFAULT_SECONDS
from torii_backend._keys.failure import describe, is_set_up_fault, without_exchange
from torii_backend._keys.fetch import Fetch, FetchError, fetch
from torii_backend._keys.fetch_limiter import FetchLimiter
from torii_backend._keys.flight import Flight, Outcome
from torii_backend._keys.fork_safety import reset_in_child
from torii_backend._keys.keyset import KeySet
from torii_backend._keys.load import load_keys
from torii_backend._keys.process_limits import LIMITS
from torii_backend._keys.reports import KeyReports, tell_all
from torii_backend.plain_http import names_of_issuer
from torii_backend.settings import DEFAULT_FETCH_TIMEOUT

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

# Threads that a server holds beyond the deadline are left behind, but only so many.
MAX_FLIGHTS = 4
MAX_STALE_SECONDS = 24 * 3600.0
# A refresh starts after this part of the lifetime, so that new keys arrive before the end of it.
_REFRESH_AHEAD = 0.8

# All of this process, by id: the one collection of weak references that is copied atomically.
_fetchers: WeakValueDictionary[int, KeyFetcher] = WeakValueDictionary()


class KeyFetcher:
    """Fetches the keys of one issuer: one flight at a time, as often as the limiter allows.

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
        # What to do once the lock is free: wake those who wait, write to the log, and tell listeners.
        self._observed = KeyReports(issuer)
        self._ended: list[tuple[Flight, Outcome]] = []
        self._reports: list[Optional[BaseException]] = []
        self.key_set = None if keys is None else self._seeded(keys)
        reset_in_child(self)
        _fetchers[id(self)] = self

    def usable(self, now: float) -> Optional[KeySet]:
        """Return the keys that may verify now, or None; starts no fetch."""
        key_set = self.key_set
        return None if key_set is None or now >= key_set.stale_at else key_set

    @property
    def age(self) -> Optional[float]:
        """Seconds since the last good fetch, or None before it."""
        key_set = self.key_set
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
            self.key_set = None
            self._limiter = FetchLimiter()
            self._waits_for_refresh = False
            self._error = None

    def forget_limits(self) -> None:
        """Let the next fetch start at once, with the keys that are known."""
        with self._deciding():
            self._limiter = FetchLimiter()

    def after_fork_in_child(self) -> None:
        """Forget the flights and the lock of the parent; see `fork_safety`."""
        self._lock = threading.Lock()
        self._flight = None
        self._running = []
        self._ended = []
        self._reports = []
        self._observed.taken()

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Hold the lock; log and wake waiters once it is free, as a log handler may call us or block."""
        with self._lock:
            yield
            ended, self._ended = self._ended, []
            reports, self._reports = self._reports, []
            observed = self._observed.taken()
        try:
            for report in reports:
                _log(self.issuer, report)
        finally:
            for flight, outcome in ended:
                flight.end(outcome)
            tell_all(observed)

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
            self._end(flight, FetchError("earlier fetches still hang"), 0.0)
            return flight
        try:
            LIMITS.run(lambda: flight.run(self._run), urgent=urgent, again=len(self._running) > 0)
        except RuntimeError:
            self._end(flight, FetchError("no thread could be started"), 0.0)
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
            self._end(flight, result, monotonic() - began)

    def _give_up(self, flight: Flight) -> None:
        """End a flight that somebody has waited for until its deadline."""
        with self._deciding():
            self._end_overdue(flight, self._clock.now())

    def _end_overdue(self, flight: Flight, now: float) -> None:
        """End a flight that has no result in time; called with the lock held."""
        seconds = now - flight.started_at
        was_stopped = flight.was_stopped(seconds)
        self._end(flight, None if was_stopped else FetchError("no response in time"), seconds)

    def _end(
        self, flight: Flight, result: Union[KeySet, BaseException, None], seconds: float
    ) -> None:
        """Take the result of a flight after so many seconds; None if it was lost. Needs the lock."""
        is_current = self._flight is flight
        if isinstance(result, KeySet):
            is_newest = self.key_set is None or result.is_newer_than(self.key_set)
            if is_current or (is_newest and flight in self._running):
                self._observed.succeeded(result, self.key_set, seconds)
                self._succeed(result)
        elif is_current:
            self._waits_for_refresh = not flight.asked
            if result is not None:
                self._fail(flight, result)
                self._observed.failed(
                    self._error or result,
                    self.key_set,
                    started_at=flight.started_at,
                    seconds=seconds,
                    retry_at=self._limiter.refresh.retry_at,
                )
        if is_current:
            self._flight = None
            outcome: Outcome = "lost" if result is None else "failed"
            self._ended.append((flight, "good" if isinstance(result, KeySet) else outcome))

    def _succeed(self, key_set: KeySet) -> None:
        if self._error is not None:
            self._reports.append(None)
        self.key_set = key_set
        LIMITS.serves = True
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
            previous=self.key_set,
        )

    def _seeded(self, keys: dict[str, VerificationKey]) -> KeySet:
        LIMITS.serves = True
        now = self._clock.now()
        if not self._refreshes:
            return KeySet(keys, fetched_at=now, refresh_at=math.inf, stale_at=math.inf)
        stale_at = now + max(DEFAULT_SECONDS, self._max_stale)
        return KeySet(keys, fetched_at=now, refresh_at=now, stale_at=stale_at)


def forget_keys(issuer: str) -> None:
    """Let all that fetch the keys of an issuer start anew: it is an emulator that was reset."""
    for fetcher in _fetchers_in_use():
        if issuer in names_of_issuer(fetcher.issuer):
            fetcher.forget()


def forget_limits(issuer: str) -> None:
    """Let all that fetch the keys of an issuer do so at once: a test has changed them."""
    for fetcher in _fetchers_in_use():
        if issuer in names_of_issuer(fetcher.issuer):
            fetcher.forget_limits()


def issuers_in_use() -> list[str]:
    """Return the issuers whose keys this process fetches when it needs them."""
    return sorted({fetcher.issuer for fetcher in _fetchers_in_use()})


def ages_of_keys() -> dict[str, float]:
    """Return the age in seconds of the keys of each issuer that has some; the greatest, if several."""
    ages: dict[str, float] = {}
    for fetcher in _fetchers_in_use():
        age = fetcher.age
        if age is not None:
            ages[fetcher.issuer] = max(age, ages.get(fetcher.issuer, 0.0))
    return ages


def _fetchers_in_use() -> list[KeyFetcher]:
    found = [reference() for reference in list(_fetchers.valuerefs())]
    return [fetcher for fetcher in found if fetcher is not None]


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
