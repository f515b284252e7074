"""When may a key set be fetched again? Pure: fed with monotonic times, it counts and decides."""

from __future__ import annotations

import math

BUCKET_SIZE = 4
REFILL_SECONDS = 15.0
FIRST_BACKOFF = 1.0
BACKOFF_GROWTH = 5.0
MAX_BACKOFF = 300.0
JITTER = 0.5


class FetchLimiter:
    """Keeps the number of fetches small, whatever tokens arrive.

    After a failed attempt all wait out a growing, jittered pause that counts from the attempt.
    While attempts succeed, a refresh that is due is free; one for the sake of an unknown kid takes
    a token from a bucket of `BUCKET_SIZE`, refilled by one every `REFILL_SECONDS`.

    Attributes:
        failures: how many attempts have failed since the last good one.
        retry_at: monotonic seconds before which no attempt may start.
    """

    def __init__(self) -> None:
        self.failures: int = 0
        self.retry_at: float = -math.inf
        self._tokens = float(BUCKET_SIZE)
        self._refilled_at = 0.0

    def allow(self, now: float, *, due: bool) -> bool:
        """Tell whether a fetch may start now, and pay for it.

        Args:
            now: monotonic seconds.
            due: the keys are missing or have reached their age; else an unknown kid is the cause.
        """
        if self.failures:
            return now >= self.retry_at
        return due or self._take_token(now)

    def succeeded(self) -> None:
        """Note that an attempt brought a good key set."""
        self.failures = 0
        self.retry_at = -math.inf

    def failed(self, started_at: float) -> None:
        """Note that the attempt which started at `started_at` (monotonic seconds) failed."""
        # Only an outage needs it, so start-up does not pay for the import.
        import random

        pause = min(FIRST_BACKOFF * BACKOFF_GROWTH ** min(self.failures, 9), MAX_BACKOFF)
        self.retry_at = started_at + pause * random.uniform(1, 1 + JITTER)  # noqa: S311
        self.failures += 1

    def retry_after(self, now: float) -> int:
        """Return the whole seconds, at least 1, until the next attempt may start."""
        return max(1, math.ceil(self.retry_at - now)) if self.failures else 1

    def _take_token(self, now: float) -> bool:
        gained = (now - self._refilled_at) / REFILL_SECONDS
        self._tokens = min(float(BUCKET_SIZE), self._tokens + gained)
        self._refilled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
