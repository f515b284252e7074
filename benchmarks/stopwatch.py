"""Several steps are timed in turns, so that whatever else the machine does meets all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Callable


def interleaved(steps: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Run every step once a round, each round in another order.

    Args:
        steps: what to time, by name.
        rounds: how often.

    Returns:
        The seconds of each round, by the step's name.
    """
    order = list(steps)
    seconds: dict[str, list[float]] = {name: [] for name in order}
    for _ in range(rounds):
        for name in order:
            step = steps[name]
            start = perf_counter()
            step()
            seconds[name].append(perf_counter() - start)
        order.append(order.pop(0))
    return seconds


def ratio(seconds: Sequence[float], base: Sequence[float]) -> float:
    """Return the median, over the rounds, of how many times longer one step took than another."""
    return median(mine / theirs for mine, theirs in zip(seconds, base))


def difference(seconds: Sequence[float], base: Sequence[float]) -> float:
    """Return the median, over the rounds, of how many seconds longer one step took than another."""
    return median(mine - theirs for mine, theirs in zip(seconds, base))
