"""Table: until when the tokens of each user are revoked. Pure.

State: the latest moment for each user, and one for everybody (seconds since the epoch, by the issuer's
clock). A token is revoked if it was issued at or before one of them. Nothing is taken back, and the
latest moment counts, so moments can be merged in any order, and again.

Events: a moment is merged, and the table is settled. That drops what no longer matters: entries at or
before the moment for everybody, and those older than any token that is accepted. If there are too many
entries then, the oldest become the moment for everybody: too much is revoked, never too little. It
takes milliseconds, so a merge settles only from time to time.

Readers take no lock. They read the entries before the moment for everybody, and `settle` replaces them
in the opposite order. Writers need a lock of their own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from torii_backend.auth import Auth


class Entry(NamedTuple):
    """A revocation: the spellings of the user's id, (None,) for everybody, and until when."""

    user_ids: tuple[Optional[str], ...]
    moment: float


class Table:
    """The moments of at most `max_entries` users (an eighth more until it is settled).

    `max_age` is the age in seconds beyond which no token is accepted. `now` is seconds since the epoch.
    """

    def __init__(self, max_entries: int, max_age: float) -> None:
        self._max_entries = max_entries
        self._most = max_entries + max_entries // 8
        self._max_age = max_age
        self._settle_every = max_age / 24
        self._settled_at = -math.inf
        self._users: dict[Optional[str], float] = {}
        self.everybody: Optional[float] = None

    def __len__(self) -> int:
        return len(self._users)

    def is_revoked(self, auth: Auth) -> bool:
        """Return whether the token of an Auth is revoked, for its user or for the actor."""
        users = self._users
        # Most users have no entry.
        if auth.user_id not in users and auth.actor not in users and self.everybody is None:
            return False
        # In this order: see above.
        moments = (users.get(auth.user_id), users.get(auth.actor), self.everybody)
        issued_at = auth.claims["iat"]
        return any(moment is not None and issued_at <= moment for moment in moments)

    def moments(self) -> dict[Optional[str], float]:
        """Return a copy of all moments; that for everybody has the key None."""
        moments = dict(self._users)
        if self.everybody is not None:
            moments[None] = self.everybody
        return moments

    def merge(self, user_id: Optional[str], moment: float, now: float) -> bool:
        """Note that tokens until this moment are revoked, for a user, or with None for everybody.

        Returns whether the oldest entries had to become the moment for everybody.
        """
        if user_id is None:
            self.everybody = _latest(moment, self.everybody)
        else:
            self._users[user_id] = _latest(moment, self._users.get(user_id))
        is_due = not 0 <= now - self._settled_at < self._settle_every
        return (is_due or len(self._users) > self._most) and self.settle(now)

    def settle(self, now: float) -> bool:
        """Drop what no longer matters. Returns the same as `merge`."""
        self._settled_at = now
        oldest = now - self._max_age
        kept = {user_id: moment for user_id, moment in self._users.items() if moment >= oldest}
        is_full = len(kept) > self._max_entries
        if is_full:
            first = sorted(kept.values(), reverse=True)[self._max_entries]
            self.everybody = _latest(first, self.everybody)
        everybody = self.everybody
        if everybody is not None and everybody < oldest:
            everybody = self.everybody = None
        if everybody is not None:
            kept = {user_id: moment for user_id, moment in kept.items() if moment > everybody}
        self._users = kept
        return is_full


def _latest(moment: float, other: Optional[float]) -> float:
    return moment if other is None or moment > other else other
