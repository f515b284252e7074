"""TokenCache: the tokens that were verified lately, known by their SHA-256."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Optional

import msgspec

from torii_backend._keys.keystore import KeyStore
from torii_backend.auth import Auth

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey


class CacheEntry(msgspec.Struct, frozen=True, gc=False):
    """What one verification found.

    Attributes:
        auth: the Auth of the token.
        ends_at: seconds since the epoch from when on the token is expired, leeway included.
        key: the key that the signature verified with.
        keystore: where the key came from.
    """

    auth: Auth
    ends_at: float
    key: VerificationKey
    keystore: KeyStore


class TokenCache:
    """A bounded memory of verified tokens that drops the least recently used one first.

    What has expired goes as new tokens come, so that it holds about as many as are in use.

    It takes no lock: each step is one operation of the OrderedDict, which is atomic.

    Args:
        size: how many tokens to remember; 0 remembers none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()

    def get(self, digest: bytes, now: float) -> Optional[Auth]:
        """Return the Auth of a remembered token, if it would be accepted again now.

        Args:
            digest: the SHA-256 of the token.
            now: seconds since the epoch.
        """
        verified = self._entries.get(digest)
        if verified is None:
            return None
        # Written out: this runs for each request, and a call would cost a tenth of it.
        key, key_set = verified.key, verified.keystore.current()
        if now >= verified.ends_at or key_set is None or key_set.keys.get(key.kid) is not key:
            self._entries.pop(digest, None)
            return None
        try:
            self._entries.move_to_end(digest)
        except KeyError:  # another thread has dropped it in between
            pass
        return verified.auth

    def put(self, digest: bytes, verified: CacheEntry, now: float) -> None:
        """Remember a token that was verified.

        Args:
            digest: the SHA-256 of the token.
            verified: what the verification found.
            now: seconds since the epoch.
        """
        self._entries[digest] = verified
        # Two for each that comes, so that they become fewer.
        if self._drop_expired(now):
            self._drop_expired(now)
        while len(self._entries) > self._size:
            try:
                self._entries.popitem(last=False)
            except KeyError:  # another thread has emptied it in between
                return

    def _drop_expired(self, now: float) -> bool:
        """Drop the token that was not used for longest, if it has expired; tell whether it has."""
        try:
            digest, oldest = next(iter(self._entries.items()))
        except (StopIteration, RuntimeError):  # another thread has changed it in between
            return False
        if now < oldest.ends_at:
            return False
        self._entries.pop(digest, None)
        return True
