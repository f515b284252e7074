"""Findings as text or JSON, and the exit code."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO, get_args

import msgspec

from torii_backend.cli.doctor.finding import Finding, Status

_COLORS: dict[Status, str] = {"ok": "32", "warning": "33", "failed": "31", "unknown": "2"}


def print_findings(findings: Sequence[Finding], output: TextIO, *, as_json: bool) -> int:
    """Print findings. Return the exit code: 1 if a check failed, else 0."""
    # https://no-color.org: any value but the empty one.
    colored = output.isatty() and not os.environ.get("NO_COLOR")
    text = json_of(findings) if as_json else text_of(findings, colored=colored)
    encoding = output.encoding or "utf-8"
    output.write(text.encode(encoding, "replace").decode(encoding))
    return exit_code(findings)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 1 if a check failed, else 0. A warning alone does not fail."""
    return int(any(finding.status == "failed" for finding in findings))


def json_of(findings: Sequence[Finding]) -> str:
    """Return `{"status": …, "findings": [{"id": …, "status": …, "sentence": …, "remedy": …}]}`."""
    document = {"status": "failed" if exit_code(findings) else "ok", "findings": findings}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def text_of(findings: Sequence[Finding], *, colored: bool) -> str:
    """Return one line a finding, with its remedy in a line below, and a line that counts them.

    Checks in a row that are unknown for the same reason share a line.
    """
    rows = []
    for (status, sentence), alike in groupby(findings, lambda each: (each.status, each.sentence)):
        first, *others = alike
        more = f", {len(others)} more" if others else ""
        rows.append((status, f"{first.id}{more}", sentence, first.remedy))
    width = max(len(name) for _, name, _, _ in rows)
    lines = []
    for status, name, sentence, remedy in rows:
        shown = f"{status:<7}"
        if colored:
            shown = f"\033[{_COLORS[status]}m{shown}\033[0m"
        lines.append(f"{shown}  {name:<{width}}  {sentence}")
        if remedy:
            lines.append(f"{'':{width + 9}}  > {remedy}")
    counts = Counter(finding.status for finding in findings)
    total = ", ".join(f"{counts[status]} {status}" for status in get_args(Status))
    return "\n".join([*lines, "", f"{total}.", ""])
