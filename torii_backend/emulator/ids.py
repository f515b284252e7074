"""Ids: UUIDs of version 7, which sort by creation (RFC 9562).

One process shares a lock and the latest id. If two ids fall into the same millisecond, or the
clock goes back, the new id is the latest one plus a random step, so ids never repeat or go back.
"""

from __future__ import annotations

import re
import secrets
import time
from threading import Lock
from uuid import UUID

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_RANDOM_BITS = 74
_STEP_BITS = 32

_lock = Lock()
_latest = 0


def new_id() -> str:
    """Return an id that sorts after all earlier ids of this process."""
    global _latest  # noqa: PLW0603 (two counters in one process could make ids out of order)
    fresh = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    with _lock:
        if fresh >> _RANDOM_BITS <= _latest >> _RANDOM_BITS:
            fresh = _latest + 1 + secrets.randbits(_STEP_BITS)
        _latest = fresh
    return str(_as_uuid(fresh))


def is_id(text: str) -> bool:
    """Return whether a text is a UUID with hyphens, in either letter case."""
    return _UUID.fullmatch(text) is not None


def normalize_id(text: str) -> str:
    """Return a UUID in lower case, as the database stores it, and any other text unchanged."""
    return text.lower() if is_id(text) else text


def _as_uuid(number: int) -> UUID:
    """Place 48 bits of milliseconds and 74 random bits around the version and the variant."""
    high, low = number >> 62, number & (1 << 62) - 1
    timestamp, random_a = high >> 12, high & 0xFFF
    return UUID(int=timestamp << 80 | 7 << 76 | random_a << 64 | 2 << 62 | low)
