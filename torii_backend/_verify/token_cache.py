"""TokenCache: verified tokens by their SHA-256 digest, least recently used first.

State: one OrderedDict of frozen entries, and the bytes that they take. A token itself is never kept,
only its digest.

Events: a lookup, and the insertion of a token that was just verified.

- An entry is returned only if the token would be accepted again: it has not expired, its key set is
  usable, and its key is still in that set. An entry that fails this is dropped.
- A lookup reads the key set and starts no fetch (`KeyStore.usable`).
- An insertion evicts expired entries, and the least recently used ones if there are too many, or if
  they take too many bytes.
- A lookup takes no lock: each step is one operation of the OrderedDict, which is atomic under the
  GIL. Between two steps another thread may drop the same entry, and then there is another miss.
- `_lock` is held for an insertion and for a removal, which change the entries and the bytes together.
  It is re-entrant, as garbage collection may run anything within it; a forked child gets a new one.
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


class CacheEntry(msgspec.Struct, frozen=True, gc=False):
    """A verified token: from `ends_at` on (seconds since the epoch) it is expired, leeway included."""

    auth: Auth
    ends_at: float
    key: VerificationKey
    keystore: KeyStore
    size: int


class TokenCache:
    """A cache of at most `size` verified tokens of `max_bytes` together.

    `now` is seconds since the epoch.
    """

    def __init__(self, size: int, max_bytes: int) -> None:
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()
        self._lock = new_lock()
        reset_in_child(self)

    def get(self, digest: bytes, now: float, seconds: float) -> Optional[CacheEntry]:
        """Return the entry of a token, if it would be accepted again; `seconds` are an AgingClock's."""
        entries = self._entries
        entry = entries.get(digest)
        if entry is None:
            return None
        key, key_set = entry.key, entry.keystore.usable(seconds)
        # Inlined: this runs for each request.
        if now >= entry.ends_at or key_set is None or key_set.keys.get(key.kid) is not key:
            with self._lock:
                self._drop(digest)
            return None
        try:
            entries.move_to_end(digest)
        except KeyError:  # another thread has dropped it in between
            pass
        return entry

    def put(self, digest: bytes, entry: CacheEntry, now: float) -> None:
        """Insert a token that was just verified."""
        with self._lock:
            self._drop(digest)
            self._entries[digest] = entry
            self._bytes += entry.size
            # Evict up to two expired entries per insertion, so that the backlog shrinks.
            if self._drop_expired(now):
                self._drop_expired(now)
            while len(self._entries) > self._size or self._bytes > self._max_bytes:
                self._bytes -= self._entries.popitem(last=False)[1].size

    def after_fork_in_child(self) -> None:
        """Count again, as a thread of the parent may have been changing this; see `fork_safety`."""
        self._lock = new_lock()
        self._bytes = sum(entry.size for entry in self._entries.values())

    def _drop_expired(self, now: float) -> bool:
        """Drop the least recently used entry if it has expired; return whether it has."""
        try:
            digest, oldest = next(iter(self._entries.items()))
        except (StopIteration, RuntimeError):  # it is empty, or a lookup has just moved an entry
            return False
        if now < oldest.ends_at:
            return False
        self._drop(digest)
        return True

    def _drop(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._bytes -= entry.size
