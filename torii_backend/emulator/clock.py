"""Clock: the time of one emulator, which tests move.

State: `_offset`, by which it differs from the machine's time. It is replaced under a lock, and read without.

A request, or a call that makes records, runs with the clock of its emulator in a context variable, where
`store/timestamps.py` finds it. Other threads, such as those that send webhooks, have the machine's time.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import Optional

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MOST = timedelta(days=3650)


class Clock:
    """The machine's time, moved by `advance`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the time of the emulator in UTC."""
        return machine_now() + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move the time on, or back if `seconds` is negative. Return the new one."""
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError("seconds must be a number, such as 3600.")
        with self._lock:
            try:
                offset = self._offset + timedelta(seconds=seconds)
            except (ValueError, OverflowError):  # not a number, or too large
                offset = timedelta.max
            if abs(offset) > _MOST:
                raise ValueError("seconds must move the time by at most ten years in all.")
            self._offset = offset
        return self.now()

    def reset(self) -> None:
        """Return to the machine's time."""
        with self._lock:
            self._offset = timedelta()

    @contextmanager
    def in_use(self) -> Generator[None, None, None]:
        """Let records that are made in a block have this time."""
        token = _in_use.set(self)
        try:
            yield
        finally:
            _in_use.reset(token)


_in_use: ContextVar[Optional[Clock]] = ContextVar("torii_emulator_clock", default=None)


def now_in_use() -> datetime:
    """Return the time of the emulator that this thread works for, else the machine's, in UTC."""
    clock = _in_use.get()
    return machine_now() if clock is None else clock.now()


def machine_now() -> datetime:
    """Return the time of the machine in UTC."""
    # While freezegun freezes the clock, that is an object of its own class, which msgspec doesn't encode.
    return _EPOCH + (datetime.now(timezone.utc) - _EPOCH)
