"""The cost of verification for an event loop: with warm keys, and while the key endpoint hangs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from statistics import median

from figure import Figure, at_most
from issuer import Issuer, running_issuer
from stopwatch import difference, interleaved

from torii_backend import verify_token, verify_token_async

_CALLS = 1000
_COLD = Path(__file__).with_name("cold_loop.py")


def measure(*, quick: bool) -> list[Figure]:
    """Compare awaited calls with plain ones, and measure the delays of another coroutine."""
    with running_issuer() as issuer:
        return [_warm(issuer, 50 if quick else 400), _cold(issuer, 1 if quick else 5)]


def _warm(issuer: Issuer, rounds: int) -> Figure:
    token, url = next(issuer.tokens()), issuer.url
    loop = asyncio.new_event_loop()

    async def awaits() -> None:
        for _ in range(_CALLS):
            await verify_token_async(token, issuer=url)

    def calls() -> None:
        for _ in range(_CALLS):
            verify_token(token, issuer=url)

    steps = {"awaited": lambda: loop.run_until_complete(awaits()), "called": calls}
    seconds = interleaved(steps, rounds)
    loop.close()
    extra = difference(seconds["awaited"], seconds["called"]) / _CALLS * 1e6
    return at_most("async: warm verify_token_async above verify_token", extra, 5, "µs")


def _cold(issuer: Issuer, processes: int) -> Figure:
    """Run processes without keys. The emulator runs in this one, so it takes none of their time."""
    command = [sys.executable, str(_COLD), issuer.url, next(issuer.tokens())]
    issuer.emulator.outage("hang")
    gaps = [
        float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)  # noqa: S603
        for _ in range(processes)
    ]
    what = f"async: longest delay of another coroutine, key endpoint hangs, {processes} x 5 s"
    return at_most(what, median(gaps) * 1e3, 50, "ms", note=f" (worst {max(gaps) * 1e3:.1f})")
