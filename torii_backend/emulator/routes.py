"""Routing: find the endpoint for a path and a method."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

# Any text without a slash may be an id, except the last part of /users/search.
_ID = r"(?P<\1>(?!search(?:/|\\Z))[^/]+)"


class Route(NamedTuple):
    """A method and a path, in which `{name}` is an id, and their endpoint.

    The endpoint takes the request, and the ids in lower case as keywords.
    """

    method: str
    path: str
    endpoint: Callable[..., Response]


class Routes:
    """Find the endpoint for a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]

    def match(self, path: str, method: str) -> tuple[Callable[..., Response], dict[str, str]]:
        """Return the endpoint and the ids in the path, or raise NotFound or MethodNotAllowed."""
        allowed: set[str] = set()
        for pattern, route in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            methods = _methods(route)
            if method in methods:
                # The database stores ids in lower case.
                ids = {name: value.lower() for name, value in found.groupdict().items()}
                return route.endpoint, ids
            allowed |= methods
        raise MethodNotAllowed(allowed) if allowed else NotFound

    def methods(self, path: str) -> set[str]:
        """Return the methods of a path, or raise NotFound."""
        found = [_methods(route) for pattern, route in self._routes if pattern.fullmatch(path)]
        if not found:
            raise NotFound
        return set().union(*found)


def _methods(route: Route) -> set[str]:
    return {"GET", "HEAD"} if route.method == "GET" else {route.method}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", _ID, re.escape(path)))
