"""KeyStore: the cached, refreshing verification keys of one issuer.

State: the key set (none, fresh, due for a refresh, or too old to use), at most one flight that
fetches the next one, and the limiter that says when another may start.

Events: a caller needs a kid, a refresh is due, a flight ends, a flight is overdue, the process forks.
Each of them but the fork is decided under `_lock`, by `_join_or_start`, `_end` and what they call.

- `_lock` is never held while anything is fetched, logged or waited for (`_deciding`).
- `usable`, `key_for_header` and the numbers read without the lock. That is safe, because a KeySet is
  never changed: its successor takes its place in one assignment, so a reader sees the old or the new.
- What was read without the lock is asked again under it (`_reason`) before a fetch starts, because
  another thread may have just fetched.
- `usable` is a pure read. A fetch starts in `refresh_if_due`, which waits for nothing, and in `key`,
  `warm` and `prefetch`.
- A flight that is given up no longer counts, so its late result changes nothing. Its thread counts
  towards MAX_FLIGHTS until it ends.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Optional, Protocol, Union

from torii_backend._keys.cache_control import DEFAULT_SECONDS
from torii_backend._keys.fetch import Fetch, FetchError, fetch
from torii_backend._keys.fetch_limiter import FetchLimiter
from torii_backend._keys.flight import Flight
from torii_backend._keys.fork_safety import reset_in_child
from torii_backend._keys.keyset import KeySet
from torii_backend._keys.load import load_keys
from torii_backend.errors import InvalidToken, KeysUnavailable

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

FETCH_SECONDS = 5.0
# Threads that a server holds beyond the deadline are left behind, but only so many.
MAX_FLIGHTS = 4
MAX_STALE_SECONDS = 24 * 3600.0
# A refresh starts after this part of the lifetime, so that new keys arrive before the end of it.
_REFRESH_AHEAD = 0.8

# Why a fetch is needed: the keys are missing or have reached their age, or a kid is unknown.
Reason = Literal["due", "unknown_kid"]


class Clock(Protocol):
    """The source of time, such as the standard module `time`."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...


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
        max_stale: float = MAX_STALE_SECONDS,
        keys: Optional[dict[str, VerificationKey]] = None,
        refresh: bool = True,
        clock: Clock = time,
    ) -> None:
        self.issuer: str = issuer
        self.fetches: int = 0
        self.failures: int = 0
        self._fetch = fetch
        self._max_stale = max_stale
        self._refreshes = refresh
        self._monotonic = clock.monotonic
        self._limiter = FetchLimiter()
        self._lock = threading.Lock()
        self._flight: Optional[Flight] = None
        # Flights with a thread, those that were given up included.
        self._running: list[Flight] = []
        # What to do once the lock is free: wake those who wait, and write to the log.
        self._ended: list[Flight] = []
        self._reports: list[tuple[object, ...]] = []
        self._key_set = None if keys is None else self._seeded(keys)
        reset_in_child(self)

    def usable(self, now: float) -> Optional[KeySet]:
        """Return the keys that may verify now, or None; starts no fetch."""
        key_set = self._key_set
        return None if key_set is None or now >= key_set.stale_at else key_set

    def refresh_if_due(self, now: float) -> None:
        """Start a refresh in the background if the keys have reached their age."""
        key_set = self._key_set
        # Keys that are too old to use are fetched by `key`, which waits for them.
        if key_set is not None and key_set.refresh_at <= now < key_set.stale_at:
            flight = self._flight
            # Without the lock, as each request comes this way during an outage.
            if now >= self._limiter.retry_at and (flight is None or flight.is_overdue(now)):
                self._join_or_start(None, now)

    def key(self, kid: str) -> VerificationKey:
        """Return the key of a kid; waits for a fetch only if the kid is unknown."""
        self._wait_for(kid)
        return self._require_key(kid)

    async def key_async(self, kid: str) -> VerificationKey:
        """Async version of `key`."""
        await self._wait_for_async(kid)
        return self._require_key(kid)

    def key_for_header(self, header: bytes, now: float) -> Optional[VerificationKey]:
        """Return the usable key that is remembered for a JWS header segment; starts no fetch."""
        key_set = self.usable(now)
        return None if key_set is None else key_set.by_header.get(header)

    def known_key(self, kid: str, now: float) -> Optional[VerificationKey]:
        """Return the usable key of a kid if it is known; starts no fetch."""
        key_set = self.usable(now)
        return None if key_set is None else key_set.keys.get(kid)

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
        next(self._flights_for(None), None)

    @property
    def age(self) -> Optional[float]:
        """Seconds since the last good fetch, or None before it."""
        key_set = self._key_set
        return None if key_set is None else self._monotonic() - key_set.fetched_at

    def after_fork_in_child(self) -> None:
        """Forget the flights and the lock of the parent; see `fork_safety`."""
        self._lock = threading.Lock()
        self._flight = None
        self._running = []
        self._ended = []
        self._reports = []

    def _wait_for(self, kid: Optional[str]) -> None:
        for flight in self._flights_for(kid):
            if not flight.wait():
                self._give_up(flight)

    async def _wait_for_async(self, kid: Optional[str]) -> None:
        for flight in self._flights_for(kid):
            if not await flight.wait_async():
                self._give_up(flight)

    def _flights_for(self, kid: Optional[str]) -> Iterator[Flight]:
        """Yield each flight worth waiting for until the kid (None: any key) is known.

        A flight that was under way already may have read the set before this kid was published. After
        it one more is worth starting, unless it has failed.
        """
        for _ in range(2):
            now = self._monotonic()
            self.refresh_if_due(now)
            key_set = self.usable(now)
            if key_set is not None and (kid is None or kid in key_set.keys):
                return
            flight, is_new = self._join_or_start(kid, now)
            if flight is None:
                return
            yield flight
            if is_new or self._limiter.failures:
                return

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Hold the lock; log and wake waiters once it is free, as a log handler may call us or block."""
        with self._lock:
            yield
            ended, self._ended = self._ended, []
            reports, self._reports = self._reports, []
        try:
            for report in reports:
                _warn(*report)
        finally:
            for flight in ended:
                flight.end()

    def _join_or_start(self, kid: Optional[str], now: float) -> tuple[Optional[Flight], bool]:
        """Return the flight under way, or a new one if it is needed and allowed; and whether it is new."""
        with self._deciding():
            flight = self._flight
            if flight is not None:
                if not flight.is_overdue(now):
                    return flight, False
                self._end(flight, FetchError("no response in time"))
            reason = self._reason(kid, now)
            if reason is None or not self._limiter.allow(now, due=reason == "due"):
                return None, False
            return self._start(now), True

    def _reason(self, kid: Optional[str], now: float) -> Optional[Reason]:
        """Return why a fetch is needed, if one is."""
        key_set = self._key_set
        if not self._refreshes:
            return None
        if key_set is None or now >= key_set.refresh_at:
            return "due"
        return None if kid is None or kid in key_set.keys else "unknown_kid"

    def _start(self, now: float) -> Flight:
        """Start a flight; called with the lock held."""
        flight = self._flight = Flight(now, FETCH_SECONDS, self._monotonic)
        self.fetches += 1
        self._running = [earlier for earlier in self._running if earlier.is_running()]
        if len(self._running) >= MAX_FLIGHTS:
            self._end(flight, FetchError("earlier fetches still hang"))
            return flight
        try:
            flight.start(self._run)
        except RuntimeError:
            self._end(flight, FetchError("no thread could be started"))
        else:
            self._running.append(flight)
        return flight

    def _run(self, flight: Flight) -> None:
        """Fetch the keys, on the thread of a flight."""
        outcome: Union[KeySet, FetchError]
        try:
            outcome = self._load()
        except FetchError as error:
            outcome = error
        except BaseException as error:  # noqa: BLE001 (such as gevent's Timeout; the thread ends here)
            outcome = FetchError(f"the fetch failed ({type(error).__name__})")
        with self._deciding():
            self._end(flight, outcome)

    def _give_up(self, flight: Flight) -> None:
        with self._deciding():
            self._end(flight, FetchError("no response in time"))

    def _end(self, flight: Flight, outcome: Union[KeySet, FetchError]) -> None:
        """Take the outcome of a flight, unless it has ended already; called with the lock held."""
        if self._flight is not flight:
            return
        self._flight = None
        if isinstance(outcome, FetchError):
            self.failures += 1
            self._limiter.failed(flight.started_at)
            if self._limiter.failures == 1:
                self._reports.append(("cannot fetch the keys of %s: %s", self.issuer, outcome))
        else:
            if self._limiter.failures:
                self._reports.append(("the keys of %s can be fetched again", self.issuer))
            self._limiter.succeeded()
            self._key_set = outcome
        self._ended.append(flight)

    def _load(self) -> KeySet:
        keys, lifetime = load_keys(self._fetch, self.issuer, FETCH_SECONDS)
        now = self._monotonic()
        return KeySet(
            keys,
            fetched_at=now,
            refresh_at=now + _REFRESH_AHEAD * lifetime,
            stale_at=now + max(lifetime, self._max_stale),
            previous=self._key_set,
        )

    def _seeded(self, keys: dict[str, VerificationKey]) -> KeySet:
        now = self._monotonic()
        if not self._refreshes:
            return KeySet(keys, fetched_at=now, refresh_at=math.inf, stale_at=math.inf)
        stale_at = now + max(DEFAULT_SECONDS, self._max_stale)
        return KeySet(keys, fetched_at=now, refresh_at=now, stale_at=stale_at)

    def _require_key(self, kid: str) -> VerificationKey:
        key = self._require_keys().keys.get(kid)
        if key is not None:
            return key
        if self._limiter.failures:
            raise self._unavailable()
        raise InvalidToken("unknown_key")

    def _require_keys(self) -> KeySet:
        key_set = self.usable(self._monotonic())
        if key_set is None:
            raise self._unavailable()
        return key_set

    def _unavailable(self) -> KeysUnavailable:
        return KeysUnavailable(self._limiter.retry_after(self._monotonic()))


def _warn(message: object, *values: object) -> None:
    # Not at the top: only an outage needs it.
    import logging

    logging.getLogger("torii_backend.keystore").warning(message, *values)
