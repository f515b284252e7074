"""Latency with known keys while their refresh is due and the key endpoint hangs."""

from __future__ import annotations

import logging
import time
from itertools import islice
from statistics import median
from time import perf_counter

from figure import Figure, at_most
from issuer import Issuer, running_issuer

from torii_backend import Verifier

_TOKENS = 200


class _Clock:
    """A clock with a monotonic time that you can advance. The date is real, so tokens stay valid."""

    def __init__(self) -> None:
        self.passed = 0.0

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() + self.passed


def measure(*, quick: bool) -> list[Figure]:
    """Verify fresh tokens from the time when the refresh is due."""
    rounds = 5 if quick else 25
    # The outages are on purpose, so the warnings about them are noise.
    logging.disable()
    with running_issuer() as issuer:
        spent = [_one_outage(issuer) for _ in range(rounds)]
    usual = median(median(seconds) for seconds in spent) * 1e3
    first = median(seconds[0] for seconds in spent) * 1e3
    later = median(max(seconds[1:]) for seconds in spent) * 1e3
    return [
        at_most("outage, refresh due: a fresh token, median", usual, 1, "ms"),
        at_most("outage, refresh due: the call that starts the refresh", first, 1, "ms"),
        at_most(f"outage, refresh due: slowest of the next {_TOKENS - 1} calls", later, 1, "ms"),
    ]


def _one_outage(issuer: Issuer) -> list[float]:
    """Return the seconds per fresh token. The first token starts the refresh."""
    clock = _Clock()
    verifier = Verifier(issuer.url, clock=clock)
    warm, *fresh = islice(issuer.tokens(), _TOKENS + 1)
    verifier.verify(warm)
    issuer.emulator.outage("hang")
    clock.passed = 3600.0
    seconds = []
    for token in fresh:
        start = perf_counter()
        verifier.verify(token)
        seconds.append(perf_counter() - start)
    if verifier.stats().fetches != 2:
        raise AssertionError("no refresh was running")
    issuer.emulator.reset()
    return seconds
