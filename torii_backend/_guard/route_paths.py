"""Which routes a guard leaves open, judged by their paths alone: for audits of routes. Pure.

A route is a list of pieces: literal text, SEGMENT for a parameter without a slash, and ANYTHING for
one that may hold slashes. What can't be known counts as open: an audit that calls an open route guarded
would be worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Callable

from torii_backend._guard.exempt_paths import ExemptPaths

SEGMENT = "<segment>"
ANYTHING = "<anything>"


def exempting(exempt: ExemptPaths, route: Sequence[str]) -> list[str]:
    """List what in `exempt` stands for some path of a route, by its reason; functions aren't asked."""
    items = [item for piece in route for item in _items(piece)]
    found = [
        shown
        for spelling, shown in exempt.shown.items()
        for reached in [_reached(items, spelling.removesuffix("*"))]
        if (reached if spelling.endswith("*") else len(items) in reached)
    ]
    return list(dict.fromkeys(found))


def split_route(
    path: str, parameter: re.Pattern[str], is_segment: Callable[[re.Match[str]], bool]
) -> list[str]:
    """Split a path into literal text and parameters.

    Args:
        path: as the framework spells it.
        parameter: what a parameter looks like.
        is_segment: whether a parameter never accepts a slash.
    """
    pieces, end = [], 0
    for match in parameter.finditer(path):
        pieces += [path[end : match.start()], SEGMENT if is_segment(match) else ANYTHING]
        end = match.end()
    return [*pieces, path[end:]]


def _items(piece: str) -> Iterable[str]:
    return (piece,) if piece in (SEGMENT, ANYTHING) else piece


def _reached(items: Sequence[str], text: str) -> set[int]:
    """Return how many items of a route the text can stand for, in all the ways to read it."""
    reached = _past_anything(items, {0})
    for char in text:
        further: set[int] = set()
        for index in reached:
            item = items[index] if index < len(items) else ""
            if item == ANYTHING or (item == SEGMENT and char != "/"):
                further |= {index, index + 1}
            elif item == char:
                further.add(index + 1)
        reached = _past_anything(items, further)
    return reached


def _past_anything(items: Sequence[str], reached: set[int]) -> set[int]:
    """Add what is reached if a parameter is empty, as some converters allow."""
    for index in sorted(reached):
        while index < len(items) and items[index] == ANYTHING:
            index += 1  # noqa: PLW2901
            reached.add(index)
    return reached
