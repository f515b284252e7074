"""Measure everything and write docs/performance.md: `python benchmarks/run.py [--quick] [part …]`.

The package, joserfc and httpx must be installed; `tox run -e bench` does that. With `--quick` or
named parts it prints the figures and leaves the page alone. A missed target is marked and changes
nothing else: the machine may be busy.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import client_async
import client_calls
import client_decode
import client_threads
import commands
import event_loop
import events
import forged
import fresh
import memory
import observing
import outage
import overhead
import proxy
import receivers
import repeat
import revocation
import revocation_store
import startup
import testing
import testing_fixture
import threads
from figure import Figure, sections

_PARTS = {
    "fresh": fresh.measure,
    "forged": forged.measure,
    "repeat": repeat.measure,
    "revocation": revocation.measure,
    "revocation_store": revocation_store.measure,
    "memory": memory.measure,
    "startup": startup.measure,
    "commands": commands.measure,
    "threads": threads.measure,
    "event_loop": event_loop.measure,
    "outage": outage.measure,
    "overhead": overhead.measure,
    "observing": observing.measure,
    "proxy": proxy.measure,
    "events": events.measure,
    "receivers": receivers.measure,
    "testing": testing.measure,
    "testing_fixture": testing_fixture.measure,
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
_PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_INTRODUCTION = """\
# Performance

`.venv/bin/tox run -q -e bench` measures all of this on your machine in about five minutes, and writes this page.

Compared items ran alternately; figures are medians. "Times" compares with the row that shows a 1. For a fresh token that is
the bare signature check, which every verifier has to make. For the client it is a minimal peer that calls the same
loopback server. The targets are our own, set on one machine. A figure that is "(missed)" is above its target in this run.
"""


def main() -> None:
    """Run the parts that are asked for, each in its own process, one after the other."""
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
    page = f"{_INTRODUCTION}\n{_provenance()}\n\n{sections(figures)}\n"
    print(page)
    missed = sum(figure.kept is False for figure in figures)
    print(f"{missed} targets missed." if missed else "Every target is met.")
    if not (asked.quick or asked.parts):
        _PAGE.write_text(page, "utf-8")


def _provenance() -> str:
    """Say when, on what and with what this run was made."""
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    packages = [f"{package} {version(package)}" for package in _PACKAGES]
    with_packages = f"{', '.join(packages[:-1])} and {packages[-1]}"
    return f"Measured on {today} with {python} ({machine}),\n{with_packages}."


if __name__ == "__main__":
    main()
