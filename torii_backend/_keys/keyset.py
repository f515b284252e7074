"""KeySet: the verification keys of one good fetch, and until when they serve. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

# The issuer's own tokens differ in few headers; only a signed one is ever remembered.
MAX_HEADERS = 64


class KeySet:
    """The keys of one issuer at one time; never changed, only replaced by its successor.

    Args:
        keys: the keys by kid.
        fetched_at: monotonic seconds.
        refresh_at: when a refresh is due, monotonic seconds.
        stale_at: when the keys stop serving, monotonic seconds.
        previous: the set that this one replaces.

    Attributes:
        by_header: the key of each JWS header segment under which a signature has verified.
    """

    __slots__ = ("by_header", "fetched_at", "keys", "refresh_at", "stale_at")

    def __init__(
        self,
        keys: dict[str, VerificationKey],
        *,
        fetched_at: float,
        refresh_at: float,
        stale_at: float,
        previous: Optional[KeySet] = None,
    ) -> None:
        self.keys: dict[str, VerificationKey] = (
            keys if previous is None else _kept(keys, previous.keys)
        )
        self.fetched_at: float = fetched_at
        self.refresh_at: float = refresh_at
        self.stale_at: float = stale_at
        self.by_header: dict[bytes, VerificationKey] = {}

    def contains(self, key: VerificationKey) -> bool:
        """Tell whether a key is in the set, under the same kid."""
        return self.keys.get(key.kid) is key

    def remember_header(self, header: bytes, key: VerificationKey) -> None:
        """Remember that a signature under this header segment has verified with a key of the set."""
        if len(self.by_header) < MAX_HEADERS and self.contains(key):
            self.by_header[header] = key


def _kept(
    keys: dict[str, VerificationKey], previous: dict[str, VerificationKey]
) -> dict[str, VerificationKey]:
    """Keep the objects of keys that did not change, so that identity tells what a refresh changed."""
    return {
        kid: previous[kid] if kid in previous and previous[kid].point == key.point else key
        for kid, key in keys.items()
    }
