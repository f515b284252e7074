"""TokenCache: verified tokens by their SHA-256 digest, least recently used first.

State: one OrderedDict of frozen entries. A token itself is never kept, only its digest.

Events: a lookup, and the insertion of a token that was just verified.

- An entry is returned only if the token would be accepted again: it has not expired, its key set is
  usable, and its key is still in that set. An entry that fails this is dropped.
- A lookup reads the key set and starts no fetch (`KeyStore.usable`).
- An insertion evicts expired entries, and the least recently used one if there are too many.
- There is no lock. Each step is one operation of the OrderedDict, which is atomic under the GIL.
  Between two steps another thread may drop the same entry, so each step copes with one that is gone.
  The worst that can happen is another miss.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Optional

import msgspec

from torii_backend._keys.keystore import KeyStore
from torii_backend.auth import Auth

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey


class CacheEntry(msgspec.Struct, frozen=True, gc=False):
    """A verified token: from `ends_at` on (seconds since the epoch) it is expired, leeway included."""

    auth: Auth
    ends_at: float
    key: VerificationKey
    keystore: KeyStore


class TokenCache:
    """A cache of at most `size` verified tokens; `now` is seconds since the epoch."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()

    def get(self, digest: bytes, now: float, seconds: float) -> Optional[CacheEntry]:
        """Return the entry of a token, if it would be accepted again; `seconds` are an AgingClock's."""
        entries = self._entries
        entry = entries.get(digest)
        if entry is None:
            return None
        key, key_set = entry.key, entry.keystore.usable(seconds)
        # Inlined: this runs for each request.
        if now >= entry.ends_at or key_set is None or key_set.keys.get(key.kid) is not key:
            entries.pop(digest, None)
            return None
        try:
            entries.move_to_end(digest)
        except KeyError:  # another thread has dropped it in between
            pass
        return entry

    def put(self, digest: bytes, entry: CacheEntry, now: float) -> None:
        """Insert a token that was just verified."""
        self._entries[digest] = entry
        # Evict up to two expired entries per insertion, so that the backlog shrinks.
        if self._drop_expired(now):
            self._drop_expired(now)
        while len(self._entries) > self._size:
            try:
                self._entries.popitem(last=False)
            except KeyError:  # another thread has emptied it in between
                return

    def _drop_expired(self, now: float) -> bool:
        """Drop the least recently used entry if it has expired; return whether it has."""
        try:
            digest, oldest = next(iter(self._entries.items()))
        except (StopIteration, RuntimeError):  # another thread has changed it in between
            return False
        if now < oldest.ends_at:
            return False
        self._entries.pop(digest, None)
        return True
