"""The report of a route audit: aligned text or JSON, compared with a list of routes that may be open.

An allow list is a text file with one route a line, such as `GET /health  # load balancer`. It is as easy
to read and to review as the report, a diff shows one route a line, and the comment says why. A line
without a method, such as `/health`, stands for all methods of that path.
"""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Optional, Union

from torii_backend._guard.audit import Route, State
from torii_backend.errors import ConfigurationError

# Nobody signed off on these one by one. `exempt` and `public` name each route in the code, while one
# `required=False` can make every route of an app optional.
NEEDS_REASON: tuple[State, ...] = ("open", "unknown", "optional")

HELP = {
    "open": "list only the routes that can be called without sign-in",
    "check": "list only what this file doesn't allow; one route a line, such as GET /health  # why",
    "json": "print JSON",
}

_ENTRY = re.compile(r"(?:([A-Z-]+|\*)\s+)?(/.*)")
_COMMENT = re.compile(r"(?:\A|\s+)#(.*)")
# A longer detail, such as a policy with ten roles, doesn't push the next column away on every line.
_WIDEST = 60


class Finding(NamedTuple):
    """A route that nobody allowed to be open, or an entry of the allow list that no route needs.

    Attributes:
        path: of the route or the entry.
        method: of the route or the entry; `*` for any method.
        problem: the state of the route, or `stale` for an entry.
        detail: why.
        where: the file and line of the view, or empty.
    """

    path: str
    method: str
    problem: Literal[State, "stale"]
    detail: str = ""
    where: str = ""


class Report(NamedTuple):
    """What a command prints.

    Attributes:
        text: for stdout.
        summary: for stderr; empty without findings.
        exit_code: 0, or 1 if there is a finding.
    """

    text: str
    summary: str
    exit_code: int


def add_arguments(parser: ArgumentParser) -> None:
    """Add `--open`, `--check` and `--json`."""
    parser.add_argument("--open", action="store_true", help=HELP["open"])
    parser.add_argument("--check", metavar="FILE", help=HELP["check"])
    parser.add_argument("--json", action="store_true", help=HELP["json"])


def report(
    routes: Iterable[Route],
    *,
    only_open: bool = False,
    check: Optional[str] = None,
    as_json: bool = False,
) -> Report:
    """Return what `torii routes` and the commands of frameworks print.

    Args:
        routes: those of an audit.
        only_open: leave the guarded ones out.
        check: the path of an allow list; the text lists only what it doesn't allow.
        as_json: an object with `routes` and `findings` instead of text.

    Raises:
        ConfigurationError: the allow list can't be read.
    """
    ordered = sorted(routes)
    found = findings(ordered, {} if check is None else read_allow_list(check))
    shown = [route for route in ordered if not (only_open and route.state == "guarded")]
    if as_json:
        document = {
            "routes": [route._asdict() for route in shown],
            "findings": [finding._asdict() for finding in found],
        }
        text = json.dumps(document, indent=2) + "\n"
    else:
        text = "".join(f"{line}\n" for line in lines(shown if check is None else found))
    return Report(text, _summary(found, len(ordered)), 1 if found else 0)


def lines(rows: Union[Iterable[Route], Iterable[Finding]]) -> list[str]:
    """Return aligned lines of text: method, path, state, detail, and where the view is."""
    table = [(row.method, row.path, row[2], row.detail, row.where) for row in rows]
    widths = [
        max((len(cell) for cell in column if len(cell) <= _WIDEST), default=0)
        for column in zip(*table)
    ]
    # A column without any text takes no room.
    gaps = ["  ", "   ", "   ", "   " if any(row[3] for row in table) else "", ""]
    return [
        "".join(cell.ljust(width) + gap for cell, width, gap in zip(row, widths, gaps)).rstrip()
        for row in table
    ]


def _summary(found: list[Finding], count: int) -> str:
    stale = sum(finding.problem == "stale" for finding in found)
    lines = [] if count else ["The app has no routes."]
    if len(found) > stale:
        lines.append(
            f"{len(found) - stale} of {count} routes must be guarded or allowed by --check."
        )
    if stale:
        line = "line" if stale == 1 else "lines"
        lines.append(f"{stale} {line} of the allow list must be removed.")
    return "".join(f"{line}\n" for line in lines)


def findings(routes: Collection[Route], allowed: Mapping[str, str]) -> list[Finding]:
    """Compare routes with an allow list.

    A finding is a route that is `open`, `unknown` or `optional` and isn't allowed, or an entry that
    names no route or a guarded one: it would hide it if the route lost its guard.

    Args:
        routes: those of an audit.
        allowed: reasons by entry, such as `GET /health`; without a method for all of the path.

    Raises:
        ConfigurationError: an entry isn't a method and a path.
    """
    entries = {entry: _split(entry) for entry in allowed}
    found = [
        Finding(*route)
        for route in routes
        if route.state in NEEDS_REASON
        and not any(_names(entry, route) for entry in entries.values())
    ]
    for path, method in entries.values():
        states = {route.state for route in routes if _names((path, method), route)}
        if not states:
            found.append(Finding(path, method, "stale", _why_stale(path, routes)))
        elif states == {"guarded"}:
            found.append(Finding(path, method, "stale", "guarded, so it need not be allowed"))
    return found


def _why_stale(path: str, routes: Collection[Route]) -> str:
    methods = sorted({route.method for route in routes if route.path == path})
    return f"the methods of this path are {', '.join(methods)}" if methods else "no such route"


def read_allow_list(path: str) -> dict[str, str]:
    """Read the file of an allow list: reasons by entry.

    Raises:
        ConfigurationError: it can't be read, or a line is not a method and a path.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"The allow list can't be read: {reason}.") from None
    allowed: dict[str, str] = {}
    # Not by `splitlines`: a comment could hide an entry behind a separator that editors don't show.
    for number, line in enumerate(text.split("\n"), 1):
        entry, reason = _without_comment(line)
        if entry and not _ENTRY.fullmatch(entry):
            raise ConfigurationError(
                f"Line {number} of the allow list must be a method and a path, such as GET /health."
            )
        if entry:
            allowed[entry] = reason
    return allowed


def _without_comment(line: str) -> tuple[str, str]:
    comment = _COMMENT.search(line)
    if comment is None:
        return line.strip(), ""
    return line[: comment.start()].strip(), comment[1].strip()


def _split(entry: object) -> tuple[str, str]:
    """Return the path and the method of an entry."""
    match = _ENTRY.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        raise ConfigurationError(
            "Each route that may be open must be a path or a method and a path, such as GET /health."
        )
    return match[2], match[1] or "*"


def _names(entry: tuple[str, str], route: Route) -> bool:
    path, method = entry
    return path == route.path and method in ("*", route.method)
