"""What listeners hear of the fetches of one issuer. Its owner calls it under its own lock, except `tell`.

State: how many fetches have failed since the last good one, whether the keys were reported as too old, and
the events that are to be told. `seconds` are those since the start of a flight.
"""

from __future__ import annotations

from typing import Optional, Union

from torii_backend._keys.failure import describe
from torii_backend._keys.keyset import KeySet
from torii_backend.observing.kinds import KeysFetched, KeysFetchFailed, KeysStale
from torii_backend.observing.slots import SLOTS, tell

KeyEvent = Union[KeysFetched, KeysFetchFailed, KeysStale]


class KeyReports:
    """The events about the keys of one issuer."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._failures = 0
        self._is_stale = False
        self._events: list[KeyEvent] = []

    def succeeded(self, key_set: KeySet, previous: Optional[KeySet], seconds: float) -> None:
        """Note a good fetch."""
        self._failures, self._is_stale = 0, False
        # Keys that did not change are the same objects.
        changed = previous is None or key_set.keys != previous.keys
        self._events.append(KeysFetched(self._issuer, seconds, len(key_set.keys), changed))

    def failed(
        self,
        error: BaseException,
        key_set: Optional[KeySet],
        *,
        started_at: float,
        seconds: float,
        retry_at: float,
    ) -> None:
        """Note a failed fetch."""
        self._failures += 1
        now = started_at + seconds
        age = None if key_set is None else now - key_set.fetched_at
        if SLOTS.keys_fetch_failed is not None:
            self._events.append(
                KeysFetchFailed(
                    issuer=self._issuer,
                    seconds=seconds,
                    cause=describe(error),
                    failures=self._failures,
                    retry_in=max(0.0, retry_at - now),
                    keys_age=age,
                )
            )
        if key_set is not None and age is not None and now >= key_set.stale_at:
            if not self._is_stale:
                self._events.append(KeysStale(self._issuer, age))
            self._is_stale = True

    def taken(self) -> list[KeyEvent]:
        """Return the events that are to be told, once."""
        events, self._events = self._events, []
        return events


def tell_all(events: list[KeyEvent]) -> None:
    """Tell listeners, without a lock."""
    for event in events:
        tell(event)
