"""AgingClock: one clock by which keys age, from the two that a system has.

The monotonic clock may stand still while the machine sleeps, and the time of day may be set. So of
the two, the one that has advanced further counts, and nothing that was counted is taken back.

State: the distance of the two clocks when they were last compared, the lead over the monotonic
clock, and the latest seconds. Event: `at` finds that the distance has changed by more than a second,
or that both clocks went back. There is no lock, because distance and lead are one tuple that is
replaced at once. Threads that find the same change come to the same result, and a second more or
less doesn't matter.

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

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self._distance_and_lead = (clock.time() - clock.monotonic(), 0.0)
        self._latest = -math.inf

    def now(self) -> float:
        """Return the seconds, for ages and pauses. They run back by no more than a second."""
        return self.at(self.clock.time())

    def at(self, time_of_day: float) -> float:
        """Return the same for a caller that has just read `clock.time()`."""
        monotonic = self.clock.monotonic()
        distance, lead = self._distance_and_lead
        change = time_of_day - monotonic - distance
        seconds = monotonic + lead
        if not -_TOLERANCE < change < _TOLERANCE or seconds < self._latest - _TOLERANCE:
            seconds = max(seconds + max(change, 0.0), self._latest)
            self._distance_and_lead = (time_of_day - monotonic, seconds - monotonic)
        self._latest = seconds
        return seconds


_OF_THE_PROCESS = AgingClock(time)


def aging_clock(clock: Union[Clock, AgingClock]) -> AgingClock:
    """Return the AgingClock of a clock. All users of the module `time` share one."""
    if isinstance(clock, AgingClock):
        return clock
    return _OF_THE_PROCESS if clock is time else AgingClock(clock)
