"""AgingClock: one clock by which keys age, from the two that a system has.

The monotonic clock may stand still while the machine sleeps, and the time of day may be set. So of
the two, the one that has advanced further counts, and nothing that was counted is taken back. Only a
test can put both back at once.

State: the distance of the two clocks when they were last compared, the lead over the monotonic
clock, and the seconds at that time. Event: a reader finds that the distance has changed by more than
a second (`compare`). There is no lock: `_state` is one tuple that is replaced at once, so threads
that find the same change come to the same result. `lead`, `least` and `most` are derived from it; who
reads one of them too early gets seconds without the change, once.

Both clocks are read at each call, never bound, so that tests can replace them. The threads that
fetch don't ask this clock: such tests may give other threads another time.
"""

from __future__ import annotations

import math
import time
from typing import Protocol, Union

# Less is the distance between two readings, or a clock that is being corrected slowly.
_TOLERANCE = 1.0


class Clock(Protocol):
    """The source of time, such as the standard module `time`."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...


class AgingClock:
    """Seconds that advance as fast as the faster one of a clock's two times."""

    __slots__ = ("_state", "clock", "lead", "least", "most")

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self._set(clock.time() - clock.monotonic(), 0.0, -math.inf)

    def now(self) -> float:
        """Return the seconds, for ages and pauses."""
        time_of_day, monotonic = self.clock.time(), self.clock.monotonic()
        # Verifier has a copy of this.
        if self.least < time_of_day - monotonic < self.most:
            return monotonic + self.lead
        return self.compare(time_of_day, monotonic)

    def compare(self, time_of_day: float, monotonic: float) -> float:
        """Return the seconds after the distance of the two clocks has changed."""
        distance, lead, latest = self._state
        change = time_of_day - monotonic - distance
        # If both went back, go on from the last change.
        seconds = max(monotonic + lead + max(change, 0.0), latest)
        self._set(time_of_day - monotonic, seconds - monotonic, seconds)
        return seconds

    def _set(self, distance: float, lead: float, latest: float) -> None:
        self._state = (distance, lead, latest)
        self.lead: float = lead
        self.least: float = distance - _TOLERANCE
        self.most: float = distance + _TOLERANCE


_OF_THE_PROCESS = AgingClock(time)


def aging_clock(clock: Union[Clock, AgingClock]) -> AgingClock:
    """Return the AgingClock of a clock. All users of the module `time` share one."""
    if isinstance(clock, AgingClock):
        return clock
    return _OF_THE_PROCESS if clock is time else AgingClock(clock)
