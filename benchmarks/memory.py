"""Resident memory of a process that has verified many distinct tokens."""

from __future__ import annotations

from itertools import islice
from mmap import PAGESIZE
from pathlib import Path
from typing import Optional

from figure import Figure, at_most
from issuer import running_issuer

from torii_backend import Verifier

_STATM = Path("/proc/self/statm")


def measure(*, quick: bool) -> list[Figure]:
    """Measure the growth since the first token, token cache included."""
    count = 50_000 if quick else 1_000_000
    what = f"memory: growth over {count:,} distinct tokens through one Verifier"
    with running_issuer() as issuer:
        signed = issuer.tokens()
        verifier = Verifier(issuer.url)
        verifier.verify(next(signed))
        before = _resident_mib()
        for token in islice(signed, count):
            verifier.verify(token)
        after = _resident_mib()
    if before is None or after is None:
        return [Figure(what, "not measured: needs /proc")]
    return [at_most(what, after - before, 16, "MiB")]


def _resident_mib() -> Optional[float]:
    if not _STATM.exists():
        return None
    return int(_STATM.read_text("ascii").split()[1]) * PAGESIZE / 2**20
