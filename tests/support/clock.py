"""Clocks for a Verifier or a KeyStore."""

from __future__ import annotations

from .issuer import NOW

WATCHDOG = 30.0


class Clock:
    """A clock that stays at NOW until a test advances it."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def time(self) -> float:
        return NOW + self._elapsed

    def monotonic(self) -> float:
        return 5_000.0 + self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds


class TickingClock(Clock):
    """A clock that advances by a step each time the monotonic time is read."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self._step = step

    def monotonic(self) -> float:
        self.advance(self._step)
        return super().monotonic()
