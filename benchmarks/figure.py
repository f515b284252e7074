"""Figure: one line of the table, with the target that it is held against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Optional


class Figure(NamedTuple):
    """One thing that was measured.

    Attributes:
        what: what it is, and how it was measured.
        measured: the value, with its unit.
        target: what it should be; empty for a peer, which has no target.
        kept: whether it is; None where there is no target or nothing could be measured.
    """

    what: str
    measured: str
    target: str = ""
    kept: Optional[bool] = None


def at_most(what: str, value: float, limit: float, unit: str, *, note: str = "") -> Figure:
    """Make a figure that should not be above a limit; `note` stands behind the value."""
    measured = f"{value:.3f} {unit}{note}"
    return Figure(what, measured, f"at most {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Figure:
    """Make a figure that should not be below a limit."""
    return Figure(what, f"{value:.3f} {unit}", f"at least {limit:g} {unit}", value >= limit)


def table(figures: Iterable[Figure]) -> str:
    """Lay figures out as a Markdown table that reads well as plain text."""
    verdicts = {None: "", True: "ok", False: "OVER"}
    rows = [("", "measured", "target", "")]
    rows += [
        (figure.what, figure.measured, figure.target, verdicts[figure.kept]) for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
