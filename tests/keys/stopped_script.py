"""Run by test_keystore_stopped.py: start a refresh, and be stopped before it ends.

Arguments: the issuer, a token, and a token of a key that is published later.
"""

from __future__ import annotations

import sys
import time

import requests

from torii_backend import Verifier

ISSUER, TOKEN, ROTATED = sys.argv[1:]


class Clock:
    """The real clock, which can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


if __name__ == "__main__":
    assert requests  # so that the first fetch takes no longer than the others
    clock = Clock()
    verifier = Verifier(ISSUER, fetch_timeout=2, clock=clock)
    verifier.verify(TOKEN)
    clock.ahead = 250.0
    verifier.verify(TOKEN)
    sys.stdin.readline()
    verifier.verify(TOKEN)
    if verifier.stats().keys_age < 250:  # type: ignore[operator]
        sys.stdout.write("waited for the refresh\n")
    verifier.verify(ROTATED)
    sys.stdout.write("rotated\n")
    sys.stdout.write(f"{verifier.stats().failures} failures\n")
