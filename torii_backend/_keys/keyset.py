"""KeySet: the verification keys of one good fetch, and how long they are usable. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey


class KeySet:
    """The keys of one issuer by kid; all times are seconds of its AgingClock.

    `fetched_at` is when the fetch started, so the keys are at most as old as it says. A set is replaced
    by its successor and never changed.
    """

    __slots__ = ("fetched_at", "keys", "refresh_at", "stale_at")

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
            keys if previous is None else _reuse_unchanged(keys, previous.keys)
        )
        self.fetched_at: float = fetched_at
        self.refresh_at: float = refresh_at
        self.stale_at: float = stale_at

    def is_newer_than(self, other: KeySet) -> bool:
        """Return whether these keys were asked for after those."""
        return self.fetched_at > other.fetched_at


def _reuse_unchanged(
    keys: dict[str, VerificationKey], previous: dict[str, VerificationKey]
) -> dict[str, VerificationKey]:
    """Reuse unchanged key objects, so that an identity check detects replaced keys."""
    return {
        kid: previous[kid] if kid in previous and previous[kid].point == key.point else key
        for kid, key in keys.items()
    }
