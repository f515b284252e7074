"""Rate limiting for key fetches: a token bucket, and exponential backoff after failures. Pure.

All times are monotonic seconds, given by the caller. KeyStore calls `allow`, `succeeded` and `failed`
under its lock. It reads `failures` and `retry_at` without the lock: at worst the value is one fetch
old, and `allow` decides again.
"""

from __future__ import annotations

import math

BUCKET_SIZE = 4
REFILL_SECONDS = 15.0
FIRST_BACKOFF = 1.0
BACKOFF_GROWTH = 5.0
MAX_BACKOFF = 300.0
JITTER = 0.5


class FetchLimiter:
    """Decides when keys may be fetched, so that fetches stay few, whatever tokens arrive.

    After a failure, no fetch starts for a growing pause with jitter, which counts from the start of
    the failed fetch. Without failures a due refresh is free, and an unknown kid takes a token from a
    bucket of BUCKET_SIZE, which gets a new one every REFILL_SECONDS.
    """

    def __init__(self) -> None:
        self.failures: int = 0
        self.retry_at: float = -math.inf
        self._tokens = float(BUCKET_SIZE)
        self._refilled_at = 0.0

    def allow(self, now: float, *, due: bool) -> bool:
        """Return whether a fetch may start now. Consumes a token if one is needed."""
        if self.failures:
            return now >= self.retry_at
        return due or self._take_token(now)

    def succeeded(self) -> None:
        """Record a good fetch."""
        self.failures = 0
        self.retry_at = -math.inf

    def failed(self, started_at: float) -> None:
        """Record a failed fetch that started at `started_at`."""
        # Not at the top: only an outage needs it.
        import random

        pause = min(FIRST_BACKOFF * BACKOFF_GROWTH ** min(self.failures, 9), MAX_BACKOFF)
        self.retry_at = started_at + pause * random.uniform(1, 1 + JITTER)  # noqa: S311
        self.failures += 1

    def retry_after(self, now: float) -> int:
        """Return the whole seconds, at least 1, until the next fetch may start."""
        return max(1, math.ceil(self.retry_at - now)) if self.failures else 1

    def _take_token(self, now: float) -> bool:
        gained = (now - self._refilled_at) / REFILL_SECONDS
        self._tokens = min(float(BUCKET_SIZE), self._tokens + gained)
        self._refilled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
