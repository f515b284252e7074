"""Measure everything and print one table: `python benchmarks/run.py [--quick] [part …]`.

The package, joserfc and httpx have to be installed; `tox run -e bench` sees to that. A figure over its
target is marked and changes nothing else: the machine may be busy.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context

import client_async
import client_calls
import client_decode
import client_threads
import event_loop
import fresh
import memory
import outage
import overhead
import repeat
import startup
import threads
from figure import Figure, table

_PARTS = {
    "fresh": fresh.measure,
    "repeat": repeat.measure,
    "memory": memory.measure,
    "startup": startup.measure,
    "threads": threads.measure,
    "event_loop": event_loop.measure,
    "outage": outage.measure,
    "overhead": overhead.measure,
    "client_decode": client_decode.measure,
    "client_calls": client_calls.measure,
    "client_threads": client_threads.measure,
    "client_async": client_async.measure,
}
_PACKAGES = (
    "cryptography",
    "msgspec",
    "requests",
    "urllib3",
    "PyJWT",
    "joserfc",
    "httpx",
)


def main() -> None:
    """Run the parts that are asked for, each in a process of its own, one after the other."""
    parser = argparse.ArgumentParser(description="Measure how fast torii_backend is.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; rougher figures")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(_PARTS)}")
    asked = parser.parse_args()
    unknown = sorted({*asked.parts} - {*_PARTS})
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    figures: list[Figure] = []
    for name in asked.parts or _PARTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            figures += process.submit(_PARTS[name], quick=asked.quick).result()
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    print(f"{platform.python_implementation()} {platform.python_version()}, {packages};")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs\n")
    print(table(figures))
    over = [figure for figure in figures if figure.kept is False]
    print(f"\n{len(over)} over target." if over else "\nEvery target is kept.")


if __name__ == "__main__":
    main()
