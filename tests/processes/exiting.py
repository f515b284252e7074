"""Run by test_exit.py: end while a fetch that never gets an answer is under way.

Arguments: the issuer; a good token; its JWKS; how to end.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from torii_backend import Verifier

ISSUER, TOKEN, JWKS, ENDING = sys.argv[1:]


def during_a_refresh() -> None:
    """The keys are known, so the fetch runs behind the answer."""
    print(Verifier(ISSUER, jwks=JWKS).verify(TOKEN).user_id)


def during_a_wait() -> None:
    """The event loop ends, and is closed, while a task waits for the first fetch."""

    async def give_up() -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(Verifier(ISSUER).verify_async(TOKEN), 0.1)

    asyncio.run(give_up())
    print("gave up")


if __name__ == "__main__":
    {"refresh": during_a_refresh, "wait": during_a_wait}[ENDING]()
