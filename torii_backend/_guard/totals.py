"""Totals over all Verifiers of the process, for metrics.

State: how many tokens were in the token caches and how many were not, and how many of them each Verifier
had counted when they were last added up. So the totals never fall when a Verifier ends. `_lock` is held
while they are added up; nothing is called meanwhile.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from torii_backend._keys.fetcher import ages_of_keys
from torii_backend._keys.fork_safety import new_lock, reset_in_child
from torii_backend._verify.verifier import Verifier, verifiers_in_use

# More issuers would be too many time series. Those beyond are one.
MAX_ISSUERS = 100
OTHER = "_OTHER"


class TokenTotals:
    """Hits and misses of all token caches, since the first time that they were added up."""

    def __init__(self) -> None:
        self._seen: WeakKeyDictionary[Verifier, tuple[int, int]] = WeakKeyDictionary()
        self._hits = self._misses = 0
        self._lock = new_lock()
        reset_in_child(self)

    def after_fork_in_child(self) -> None:
        """Make a new lock; see `fork_safety`."""
        self._lock = new_lock()

    def hits_and_misses(self) -> tuple[int, int]:
        """Add up what was counted since the last time, and return the totals."""
        with self._lock:
            for verifier in verifiers_in_use():
                stats = verifier.stats()
                hits, misses = self._seen.get(verifier, (0, 0))
                self._hits += stats.hits - hits
                self._misses += stats.misses - misses
                self._seen[verifier] = stats.hits, stats.misses
            return self._hits, self._misses


def bounded_ages_of_keys() -> dict[str, float]:
    """Return the age in seconds of the keys of each issuer; of those beyond MAX_ISSUERS the greatest."""
    ages = sorted(ages_of_keys().items())
    bounded = dict(ages[:MAX_ISSUERS])
    if len(ages) > MAX_ISSUERS:
        bounded[OTHER] = max(age for _, age in ages[MAX_ISSUERS:])
    return bounded
