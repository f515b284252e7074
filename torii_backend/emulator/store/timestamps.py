"""Timestamps, as the columns of the database store them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from torii_backend.emulator.clock import now_in_use

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Return the time in UTC of the emulator that this thread works for."""
    return now_in_use()


def microseconds(timestamp: datetime) -> int:
    """Return the microseconds from the epoch to an aware datetime."""
    return (timestamp - _EPOCH) // _MICROSECOND
