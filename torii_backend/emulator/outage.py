"""Outage: a period during which the tenant host, the REST API or both misbehave on purpose.

An outage starts when it is created. It is over when its time is up, or when `end` is called: at a
reset, at a stop, or because another outage replaces it. It never starts again.
What it affects, the mode and the deadline are fixed at creation. `_ended`, a threading.Event, is the only state
that changes, and only once, so any thread may read an outage without a lock.
A request in mode `hang` waits for the end or the deadline, whichever comes first. One in mode
`slow` waits for its two seconds even if the deadline passes, and `end` releases it early.
`Tenant` decides which outage is current. A request that holds an older one sees that it ended.
"""

from __future__ import annotations

import time
from threading import Event
from typing import Literal, Optional, get_args

OutageMode = Literal["refuse", "hang", "error", "html", "slow"]
OutageTarget = Literal["tenant_host", "rest_api", "both"]

_MODES: tuple[str, ...] = get_args(OutageMode)
_TARGETS: tuple[str, ...] = get_args(OutageTarget)
_MAX_SECONDS = 24 * 60 * 60


class Outage:
    """An outage that starts now. Without `seconds` it lasts until `end`."""

    def __init__(
        self,
        mode: OutageMode,
        seconds: Optional[float] = None,
        target: OutageTarget = "tenant_host",
    ) -> None:
        if mode not in _MODES:
            raise ValueError(f"mode must be one of {', '.join(_MODES)}.")
        if target not in _TARGETS:
            raise ValueError(f"target must be one of {', '.join(_TARGETS)}.")
        self.mode: OutageMode = mode
        self.target: OutageTarget = target
        duration = None if seconds is None else _require_seconds(seconds)
        self._deadline = None if duration is None else time.monotonic() + duration
        self._ended = Event()

    def end(self) -> None:
        """End the outage now, and release the requests that wait for its end."""
        self._ended.set()

    def affects(self, part: OutageTarget) -> bool:
        """Return whether a part of the emulator misbehaves now."""
        return self.target in {part, "both"} and not self.is_over()

    def is_over(self) -> bool:
        """Return whether the outage was ended or its time is up."""
        return self._ended.is_set() or self.seconds_left() == 0

    def wait(self, at_most: Optional[float] = None) -> None:
        """Block until the outage is over, or for some seconds at most."""
        limits = [each for each in (self.seconds_left(), at_most) if each is not None]
        self._ended.wait(min(limits, default=None))

    def delay(self, seconds: float) -> None:
        """Block for some seconds, or until `end` is called."""
        self._ended.wait(seconds)

    def seconds_left(self) -> Optional[float]:
        """Return for how long it lasts if nobody ends it. None if it lasts until `end`."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())


def _require_seconds(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError("seconds must be a number, such as 30.")
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(f"seconds must be more than zero and at most {_MAX_SECONDS}.")
    return seconds
