"""What the pytest plugin and its fixture `torii` cost a suite."""

from __future__ import annotations

from statistics import median
from timeit import Timer

from figure import Figure, at_most
from startup import run_program

from torii_backend.testing import ToriiFixture

_TIMED = """
from time import perf_counter
began = perf_counter()
{}
print(perf_counter() - began)
"""
_PLUGIN = "import pytest\n" + _TIMED.format("import torii_backend.testing.plugin")
_FIRST_USE = _TIMED.format(
    "from torii_backend.testing import ToriiFixture\n"
    "torii = ToriiFixture()\n"
    "torii.start()\n"
    "torii.headers()"
)


def measure(*, quick: bool) -> list[Figure]:
    """Time the import of the plugin, the first use of the emulator, a reset and a token."""
    rounds = 5 if quick else 15
    started = {
        name: median(float(run_program(code)) for _ in range(rounds)) * 1e3
        for name, code in (("plugin", _PLUGIN), ("first use", _FIRST_USE))
    }
    with ToriiFixture("https://acme.torii.so") as torii:
        torii.begin()
        reset = median(Timer(torii.reset).repeat(rounds * 20, 1)) * 1e3
        token = median(Timer(torii.token).repeat(rounds * 20, 1)) * 1e3
        torii.end()
    return [
        at_most("testing: the plugin's share of pytest's start", started["plugin"], 1, "ms"),
        at_most("testing: first use of the fixture torii", started["first use"], 200, "ms"),
        at_most("testing: reset before a test", reset, 0.1, "ms"),
        at_most("testing: a token", token, 0.15, "ms"),
    ]
