"""Clocks for a Verifier or a KeyStore."""

from __future__ import annotations

from .issuer import NOW

WATCHDOG = 30.0


class Clock:
    """Stands still at NOW until it is told to move."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def time(self) -> float:
        return NOW + self._elapsed

    def monotonic(self) -> float:
        return 5_000.0 + self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds


class TickingClock(Clock):
    """Is later by the same step each time anybody looks at the monotonic one."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self._step = step

    def monotonic(self) -> float:
        self.advance(self._step)
        return super().monotonic()
