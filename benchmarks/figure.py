"""Figure: one measured value and its target, and how the page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple, Optional


class Figure(NamedTuple):
    """One measured value.

    Attributes:
        what: the section and the row of the page, such as `guard: added to a request, WSGI`.
        measured: the value, with its unit.
        target: what it should be; empty for a peer, which has no target.
        kept: whether the target is met; None if there is no target or nothing could be measured.
    """

    what: str
    measured: str
    target: str = ""
    kept: Optional[bool] = None


def at_most(what: str, value: float, limit: float, unit: str, *, note: str = "") -> Figure:
    """Make a figure that should not be above a limit; `note` follows the value."""
    measured = f"{value:.3f} {unit}{note}"
    return Figure(what, measured, f"at most {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Figure:
    """Make a figure that should not be below a limit."""
    return Figure(what, f"{value:.3f} {unit}", f"at least {limit:g} {unit}", value >= limit)


def sections(figures: Iterable[Figure]) -> str:
    """Lay figures out in Markdown, one table a section, so that it reads well as plain text too."""
    return "\n\n".join(
        f"## {name[0].upper()}{name[1:]}\n\n{_table(list(rows))}"
        for name, rows in groupby(figures, lambda figure: figure.what.partition(": ")[0])
    )


def _table(figures: list[Figure]) -> str:
    rows = [("", "measured", "target")]
    for what, measured, target, kept in figures:
        verdict = " (missed)" if kept is False else ""
        rows.append((what.partition(": ")[2], measured, target + verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
