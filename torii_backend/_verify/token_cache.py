"""TokenCache: verified tokens by their SHA-256 digest, least recently used first.

State: one OrderedDict of entries, and how many bytes the large ones take beyond their share,
which is `max_bytes / size`. While all keep to it, they are few enough to be small enough. A token
itself is never kept, only its digest.

Events: a lookup, and the insertion of a token that was just verified.

- An entry is returned only if the token would be accepted again: it has not expired, its key set is
  usable, and its key is still in that set. An entry that fails this is dropped.
- A lookup reads the key set and starts no fetch (`KeyStore.usable`).
- An insertion evicts expired entries, and the least recently used ones if there are too many, or if
  they take too many bytes.
- Most events take no lock: each step is one operation of the OrderedDict, which is atomic under the
  GIL. Between two steps another thread may drop the same entry, and then there is another miss.
- `_lock` is held while an entry beyond its share is inserted, and while one is discounted, by the
  thread that took it out. Whether a token is large depends on the token alone, so one that is replaced
  has been counted alike. It is re-entrant, as garbage collection may run anything within it; a forked
  child gets a new one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Optional

import msgspec

from torii_backend._keys.fork_safety import new_lock, reset_in_child
from torii_backend._keys.keystore import KeyStore
from torii_backend.auth import Auth

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

# The digest, the Auth and the place in the cache.
ENTRY_BYTES = 600


class CacheEntry(msgspec.Struct, gc=False):
    """A verified token: from `ends_at` on (seconds since the epoch) it is expired, leeway included.

    `version` is that of the RevocationList when it last said that the token is not revoked. Only this
    changes, and a thread that sets an older one only causes another look.
    """

    auth: Auth
    ends_at: float
    key: VerificationKey
    keystore: KeyStore
    size: int
    version: Optional[int] = None


class TokenCache:
    """A cache of at most `size` verified tokens of `max_bytes` together.

    `now` is seconds since the epoch.
    """

    def __init__(self, size: int, max_bytes: int) -> None:
        self._size = size
        self._max_bytes = max_bytes
        self._share = max_bytes // max(size, 1)
        self._excess = 0
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()
        self._lock = new_lock()
        reset_in_child(self)

    def get(self, digest: bytes, now: float, seconds: float) -> Optional[CacheEntry]:
        """Return the entry of a token, if it would be accepted again; `seconds` are an AgingClock's."""
        entries = self._entries
        entry = entries.get(digest)
        if entry is None:
            return None
        key, key_set = entry.key, entry.keystore.key_set
        # A copy of KeyStore.serves: this runs for each request.
        if (
            now >= entry.ends_at
            or key_set is None
            or seconds >= key_set.stale_at
            or key_set.keys.get(key.kid) is not key
        ):
            self._drop(digest)
            return None
        try:
            entries.move_to_end(digest)
        except KeyError:  # another thread has dropped it in between
            pass
        return entry

    def put(self, digest: bytes, entry: CacheEntry, now: float) -> None:
        """Insert a token that was just verified."""
        if entry.size > self._share:
            self._put_large(digest, entry)
        else:
            self._entries[digest] = entry
        # Evict up to two expired entries per insertion, so that the backlog shrinks.
        if self._drop_expired(now):
            self._drop_expired(now)
        while len(self._entries) > self._size or (
            self._excess and self._excess + len(self._entries) * self._share > self._max_bytes
        ):
            try:
                self._forget(self._entries.popitem(last=False)[1])
            except KeyError:  # another thread has emptied it in between
                return

    def after_fork_in_child(self) -> None:
        """Count again, as a thread of the parent may have been changing this; see `fork_safety`."""
        self._lock = new_lock()
        self._excess = sum(max(0, entry.size - self._share) for entry in self._entries.values())

    def _put_large(self, digest: bytes, entry: CacheEntry) -> None:
        with self._lock:
            self._drop(digest)
            self._entries[digest] = entry
            self._excess += entry.size - self._share

    def _drop_expired(self, now: float) -> bool:
        """Drop the least recently used entry if it has expired; return whether it has."""
        try:
            digest, oldest = next(iter(self._entries.items()))
        except (StopIteration, RuntimeError):  # another thread has changed it in between
            return False
        if now < oldest.ends_at:
            return False
        self._drop(digest)
        return True

    def _drop(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._forget(entry)

    def _forget(self, entry: CacheEntry) -> None:
        """Stop counting an entry that this thread has taken out."""
        if entry.size > self._share:
            with self._lock:
                self._excess -= entry.size - self._share
