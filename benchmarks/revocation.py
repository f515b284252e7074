"""Revocations: what they add to a cached token, and what a revoked user takes in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from uuid import uuid4

from figure import Figure, at_most
from issuer import running_issuer
from stopwatch import difference, interleaved

from torii_backend import Revocations, Verifier

# So few that another process seldom gets the processor in between.
_CALLS = 100
_USERS = 100_000


def measure(*, quick: bool) -> list[Figure]:
    """Time the verification of a cached token, with and without a full table of other users."""
    tracemalloc.start()
    revocations = Revocations(max_entries=_USERS)
    for _ in range(_USERS):
        revocations.revoke(uuid4())
    taken = tracemalloc.get_traced_memory()[0] / _USERS
    tracemalloc.stop()
    with running_issuer() as issuer:
        token = next(issuer.tokens())

        def verifying(verifier: Verifier) -> Callable[[], None]:
            verify = verifier.verify
            verify(token)

            def step() -> None:
                for _ in range(_CALLS):
                    verify(token)

            return step

        steps = {
            "without": verifying(Verifier(issuer.url)),
            "with": verifying(Verifier(issuer.url, revocations=revocations)),
        }
        seconds = interleaved(steps, 1000 if quick else 5000)
    added = difference(seconds["with"], seconds["without"]) / _CALLS * 1e6
    return [
        at_most("revocation: added to a cached token, 100,000 users revoked", added, 0.1, "µs"),
        at_most("revocation: memory of one user", taken, 200, "bytes"),
    ]
