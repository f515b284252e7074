"""Print the longest gap, in seconds, of a coroutine that ticks beside a first `verify_async`.

Arguments: an issuer that never answers, and a token.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from time import perf_counter

from torii_backend import KeysUnavailable, Verifier

_TICK = 0.001


async def _longest_gap(issuer: str, token: str) -> float:
    verifying = asyncio.ensure_future(Verifier(issuer).verify_async(token))
    longest = 0.0
    last = perf_counter()
    while not verifying.done():
        await asyncio.sleep(_TICK)
        now = perf_counter()
        longest = max(longest, now - last - _TICK)
        last = now
    try:
        await verifying
    except KeysUnavailable:
        return longest
    raise AssertionError("the issuer has answered")


if __name__ == "__main__":
    # The outage is meant: no word about it.
    logging.disable()
    print(asyncio.run(_longest_gap(*sys.argv[1:])))
