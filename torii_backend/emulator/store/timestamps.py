"""Moments, as the columns of the database hold them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Give the present moment, UTC."""
    return datetime.now(timezone.utc)


def microseconds(moment: datetime) -> int:
    """Give the microseconds from the epoch to an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND
