"""Print the longest delay, in seconds, of another coroutine during a first `verify_async`.

Arguments: an issuer that never responds, and a token.
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
    raise AssertionError("the issuer has responded")


if __name__ == "__main__":
    # The outage is on purpose, so the warning about it is noise.
    logging.disable()
    print(asyncio.run(_longest_gap(*sys.argv[1:])))
