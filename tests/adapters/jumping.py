"""Time that jumps: an event loop that moves its clock instead of waiting."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, Optional, TypeVar

Result = TypeVar("Result")


class JumpingClock:
    """Starts now and stands still until it is moved; a clock for a Verifier."""

    def __init__(self) -> None:
        self._started_at = time.time()
        self._elapsed = 0.0

    def time(self) -> float:
        return self._started_at + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds

    def set_forward(self, seconds: float) -> None:
        """Set the time of day, as an operator does; no time passes."""
        self._started_at += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, clock: JumpingClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: Optional[float] = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(None if timeout is None else 0)
        if not events and timeout is not None:
            self._clock.advance(timeout)
        return events


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: JumpingClock) -> None:
        super().__init__(_JumpingSelector(clock))
        self._jumping = clock

    def time(self) -> float:
        return self._jumping.monotonic()


def run_jumping(clock: JumpingClock, main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine as `asyncio.run` does; where it would wait for a time, the clock is moved.

    Nothing that it has started may be left over: that is asserted.
    """
    loop = _JumpingLoop(clock)
    complaints: list[Any] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    async def watched() -> Result:
        result = await main
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    try:
        return loop.run_until_complete(watched())
    finally:
        loop.close()
        assert complaints == []
