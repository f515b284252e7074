"""Outage: one spell during which the tenant host misbehaves on purpose."""

from __future__ import annotations

import time
from threading import Event
from typing import Literal, Optional, get_args

OutageMode = Literal["refuse", "hang", "error", "html", "slow"]

_MODES: tuple[str, ...] = get_args(OutageMode)
_LONGEST = 24 * 60 * 60


class Outage:
    """An outage that has begun, and lasts until its time is up or it is ended.

    Args:
        mode: how the tenant host misbehaves.
        seconds: how long, counted from now; None lasts until `end`.

    Raises:
        TypeError: seconds is not a number.
        ValueError: the mode is unknown, or seconds is out of range.
    """

    def __init__(self, mode: OutageMode, seconds: Optional[float] = None) -> None:
        if mode not in _MODES:
            raise ValueError(f"mode must be one of {', '.join(_MODES)}.")
        self.mode = mode
        lasts = None if seconds is None else _require_seconds(seconds)
        self._over_at = None if lasts is None else time.monotonic() + lasts
        self._ended = Event()

    def end(self) -> None:
        """End the outage now, and let go of everything that waits for its end."""
        self._ended.set()

    def is_over(self) -> bool:
        """Tell whether the outage was ended or its time is up."""
        return self._ended.is_set() or self._remaining() == 0

    def wait(self) -> None:
        """Block until the outage is over."""
        self._ended.wait(self._remaining())

    def delay(self, seconds: float) -> None:
        """Block for some seconds, whether or not the time is up sooner; `end` lets go at once."""
        self._ended.wait(seconds)

    def _remaining(self) -> Optional[float]:
        return None if self._over_at is None else max(0.0, self._over_at - time.monotonic())


def _require_seconds(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError("seconds must be a number.")
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"seconds must be more than zero and at most {_LONGEST}.")
    return seconds
