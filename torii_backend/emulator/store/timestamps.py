"""Timestamps, as the columns of the database store them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Return the current time in UTC."""
    # While freezegun freezes the clock, that is an object of its own class, which msgspec doesn't encode.
    return _EPOCH + (datetime.now(timezone.utc) - _EPOCH)


def microseconds(timestamp: datetime) -> int:
    """Return the microseconds from the epoch to an aware datetime."""
    return (timestamp - _EPOCH) // _MICROSECOND
