"""What `auth_as` costs a test, and what the place where it comes in costs a guard in production."""

from __future__ import annotations

from functools import partial
from timeit import Timer
from typing import Any

from figure import Figure, at_most
from stopwatch import difference, interleaved

from torii_backend import Auth
from torii_backend._guard import authenticator
from torii_backend._jose.jws import seal
from torii_backend.testing import auth_as

_BLOCKS = {
    "auth_as, in and out": ("pass", "with auth_as('user_ada', role='admin'): pass"),
    "auth_as with claims, in and out": (
        "pass",
        "with auth_as('user_ada', role='admin', claims={'plan': 'pro'}): pass",
    ),
}
# What a guard runs besides, in production.
_SEAMS = {
    "added to a request with a token": ("token is None", "token is None or type(token) is Auth"),
    "added to a request without one": ("pass", "None if room.stand_in_of_test is None else 1"),
}


def measure(*, quick: bool) -> list[Figure]:
    """Time statements, each with the one that it is compared to, in turns."""
    names: dict[str, Any] = {
        "Auth": Auth,
        "auth_as": auth_as,
        "room": authenticator,
        "token": seal("a.b.c"),
    }
    rounds = 20 if quick else 200

    def added(bare: str, statement: str, times: int) -> float:
        steps = {
            text: partial(Timer(text, globals=names).timeit, times) for text in (bare, statement)
        }
        seconds = interleaved(steps, rounds)
        return difference(seconds[statement], seconds[bare]) / times

    # Before the first block, as in production.
    seams = [
        at_most(f"testing: {what}", added(*pair, 100_000) * 1e9, 13, "ns")
        for what, pair in _SEAMS.items()
    ]
    blocks = [
        at_most(f"testing: {what}", added(*pair, 1000) * 1e6, 20, "µs")
        for what, pair in _BLOCKS.items()
    ]
    return [*blocks, *seams]
