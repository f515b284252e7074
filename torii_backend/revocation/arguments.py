"""What revocations are made of: the id of a user, as tokens spell it, and a time. Pure."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Union
from uuid import UUID

Moment = Union[float, datetime, None]

_LONGEST_ID = 1024
# To parse a UUID takes ten times as long.
_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def spellings(user_id: Union[str, UUID]) -> tuple[str, ...]:
    """Return an id as it was given, and a UUID as tokens have it, too: Torii takes both."""
    text = str(user_id) if isinstance(user_id, UUID) else user_id
    if not isinstance(text, str):
        raise TypeError("user_id must be a string or a UUID.")
    if not text or len(text) > _LONGEST_ID or not text.isprintable():
        raise ValueError("user_id must be an id, such as that in Auth.user_id.")
    if _CANONICAL.match(text):
        return (text,)
    try:
        return tuple(dict.fromkeys((text, str(UUID(text)))))
    except ValueError:
        return (text,)


def in_seconds(at: Moment, now: float) -> float:
    """Return a moment in seconds since the epoch. Without one, the end of this second."""
    if at is None:
        # Issuers write whole seconds, and clocks differ.
        return math.ceil(now)
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ValueError("at must be an aware datetime, such as datetime.now(timezone.utc).")
        at = at.timestamp()
    if isinstance(at, bool) or not isinstance(at, (int, float)):
        raise TypeError("at must be a datetime or seconds since the epoch, such as 1767225600.")
    if not 0 <= at < math.inf:
        raise ValueError("at must be a time since 1970, such as 1767225600.")
    return at
