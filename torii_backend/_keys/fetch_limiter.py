"""Rate limiting for key fetches: a token bucket, and exponential backoff after failures. Pure.

All times are seconds of the same clock, given by the caller. KeyStore calls `allow`, `succeeded` and
`failed` under its lock. It reads the rest without the lock: at worst the value is one fetch old, and
`allow` decides again.

A fetch is either a refresh, which is due and which known keys don't need yet, or it is asked for: by
a request with an unknown kid, or for the first keys.

- Each kind has a backoff. A refresh that fails says little about a request that waits, because the
  process may have been stopped meanwhile, so it delays refreshes only. A fetch that was asked for
  delays both kinds.
- A fetch that is asked for takes a token from the bucket. As it brings the whole key set, it doesn't
  matter who paid for it: while requests ask, a new set arrives every REFILL_SECONDS.
- An empty bucket means that a fetch has started within the last REFILL_SECONDS.
"""

from __future__ import annotations

import math

BUCKET_SIZE = 4
REFILL_SECONDS = 5.0
FIRST_BACKOFF = 1.0
BACKOFF_GROWTH = 5.0
MAX_BACKOFF = 300.0
# Somebody can't be served meanwhile. With the jitter it is half a minute.
MAX_ASKED_BACKOFF = 20.0
JITTER = 0.5


class Backoff:
    """A pause that grows with each failure in a row, and counts from the start of the last fetch."""

    __slots__ = ("_longest", "failures", "retry_at")

    def __init__(self, longest: float) -> None:
        self.failures: int = 0
        self.retry_at: float = -math.inf
        self._longest = longest

    def succeeded(self) -> None:
        """Record a good fetch."""
        self.failures = 0
        self.retry_at = -math.inf

    def failed(self, started_at: float) -> None:
        """Record a failed fetch that started at `started_at`."""
        # Not at the top: only an outage needs it.
        import random

        pause = min(FIRST_BACKOFF * BACKOFF_GROWTH ** min(self.failures, 9), self._longest)
        self.retry_at = started_at + pause * random.uniform(1, 1 + JITTER)  # noqa: S311
        self.failures += 1


class FetchLimiter:
    """Decides when keys may be fetched, so that fetches stay few, whatever tokens arrive."""

    __slots__ = ("_refilled_at", "_tokens", "asked", "refresh")

    def __init__(self) -> None:
        self.refresh = Backoff(MAX_BACKOFF)
        self.asked = Backoff(MAX_ASKED_BACKOFF)
        self._tokens = float(BUCKET_SIZE)
        self._refilled_at = 0.0

    def allow(self, now: float, *, asked: bool) -> bool:
        """Return whether a fetch may start now. Consumes a token if one is needed."""
        backoff = self.asked if asked else self.refresh
        if now < backoff.retry_at:
            return False
        return not asked or backoff.failures > 0 or self._take_token(now)

    def succeeded(self) -> None:
        """Record a good fetch."""
        self.asked.succeeded()
        self.refresh.succeeded()

    def failed(self, started_at: float, *, asked: bool) -> None:
        """Record a failed fetch that started at `started_at`."""
        self.refresh.failed(started_at)
        if asked:
            self.asked.failed(started_at)

    def retry_after(self, now: float) -> int:
        """Return the whole seconds, at least 1, until a fetch that is asked for may start."""
        wait = self.asked.retry_at - now
        if not self.asked.failures:
            wait = (1 - self._tokens) * REFILL_SECONDS - (now - self._refilled_at)
        return max(1, math.ceil(wait))

    def _take_token(self, now: float) -> bool:
        gained = max(0.0, now - self._refilled_at) / REFILL_SECONDS
        self._tokens = min(float(BUCKET_SIZE), self._tokens + gained)
        self._refilled_at = now
        # Ten times a tenth is less than one.
        if self._tokens < 1 - 1e-6:
            return False
        self._tokens = max(0.0, self._tokens - 1)
        return True
