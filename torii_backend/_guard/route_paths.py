"""Which routes a guard leaves open, judged by their paths alone: for audits of routes. Pure.

A route is a list of pieces: literal text, SEGMENT for a parameter without a slash, and ANYTHING for
one that may hold slashes. What can't be known counts as open: an audit that calls an open route guarded
would be worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torii_backend._guard.exempt_paths import ExemptPaths
from torii_backend._guard.request import HeadersRequest

SEGMENT = "<segment>"
ANYTHING = "<anything>"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _HeadersAreUnknown(Exception):
    """A function in `exempt` decides by headers."""


class _Probe(HeadersRequest):
    """A request of one method, whose headers nobody knows."""

    def getlist(self, name: str) -> list[str]:
        raise _HeadersAreUnknown(name)


def may_be_exempt(exempt: ExemptPaths, route: Sequence[str]) -> bool:
    """Return whether some path of a route may be exempt."""
    if not {SEGMENT, ANYTHING}.intersection(route):
        path = "".join(route)
        try:
            return any(exempt.matches(path, path, _Probe(None, method)) for method in _METHODS)
        except _HeadersAreUnknown:
            return True
    if exempt._functions:
        return True
    items = [item for piece in route for item in _items(piece)]
    return any(len(items) in _reached(items, path) for path in exempt._exact) or any(
        _reached(items, prefix) for prefix in exempt._prefixes
    )


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
