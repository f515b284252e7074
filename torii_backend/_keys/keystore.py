"""KeyStore: the keys of one issuer, for those who verify tokens.

It has the state of KeyFetcher and none of its own.

- `usable`, `serves` and `known_key` are pure reads. A fetch starts in `refresh_if_due`, which waits for
  nothing, and in `key`, `warm` and `prefetch`.
- Who waits (`_waits`): without usable keys, everybody until the deadline. With usable keys, whoever
  needs an unknown kid waits for the first second of a fetch, so that nobody notices a key rotation.
  From then on at most two requests of the process wait, as unknown kids may be forged.
- After a refresh that failed or was lost, the request that starts the next one waits for it, a second
  at most, whatever its kid.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Optional

from torii_backend._keys.fetch_limiter import REFILL_SECONDS
from torii_backend._keys.fetcher import KeyFetcher
from torii_backend._keys.flight import Flight
from torii_backend._keys.keyset import KeySet
from torii_backend._keys.process_limits import LIMITS
from torii_backend.errors import InvalidToken, KeysUnavailable

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

# Everybody waits so long for a fetch although keys are known.
PATIENCE_SECONDS = 1.0

# What to wait for, and for how many seconds.
Waits = Generator[tuple[Flight, float], None, None]


class KeyStore(KeyFetcher):
    """The keys of one issuer, fetched on first use and kept fresh from then on."""

    def refresh_if_due(self, now: float) -> bool:
        """Start a refresh in the background if the keys have reached their age.

        Returns whether the caller should start it by `key` and wait for it.
        """
        key_set = self.key_set
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

    def serves(self, key: VerificationKey, now: float) -> bool:
        """Return whether a key that was found before is still usable; starts no fetch."""
        key_set = self.usable(now)
        return key_set is not None and key_set.keys.get(key.kid) is key

    def known_key(self, kid: str, now: float) -> Optional[VerificationKey]:
        """Return the usable key of a kid if it is known; starts no fetch."""
        key_set = self.usable(now)
        return None if key_set is None else key_set.keys.get(kid)

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
            # In a process that serves others, nobody may hold all its threads for an issuer that is down.
            is_cold = key_set is None and not LIMITS.serves
            if not is_cold:
                yield flight, flight.seconds_left(now, PATIENCE_SECONDS)
            if not is_known and flight.outcome is None:
                yield from self._wait_on(flight, is_cold=is_cold)
            if is_known or not self._is_worth_another(flight, is_new=is_new):
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
            self._give_up(flight)

    def _is_worth_another(self, flight: Flight, *, is_new: bool) -> bool:
        """Return whether a request that has waited for this flight in vain may wait for another one."""
        outcome = flight.outcome
        if outcome == "lost":
            # Not if it got no thread in time: the next one would hardly get one, either.
            return flight.has_run or flight.was_frozen(self._clock.now() - flight.started_at)
        return not is_new and (outcome == "good" or not flight.asked)

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
