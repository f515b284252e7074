"""Routes: which endpoint answers a path and a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Response


class Route(NamedTuple):
    """A path, as werkzeug writes rules, with its methods and what answers them.

    The endpoint takes the request, and the values in the path by keyword.
    """

    path: str
    methods: tuple[str, ...]
    endpoint: Callable[..., Response]


class Routes:
    """Finds the endpoint for a request.

    Args:
        routes: all there are.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._endpoints = [route.endpoint for route in routes]
        self._map = _compiled(tuple((route.path, route.methods) for route in routes))

    def match(self, path: str, method: str) -> tuple[Callable[..., Response], Mapping[str, Any]]:
        """Give the endpoint, and the values in the path.

        Raises:
            werkzeug.exceptions.HTTPException: there is none for the path, or for the method.
        """
        # The Host header picks nothing here, so routing gets a fixed one.
        index, values = self._map.bind("localhost").match(path, method)
        return self._endpoints[index], values


class _IdConverter(BaseConverter):
    """An id in a path, in lower case; what is no UUID is an id that nothing has.

    It leaves `search` to the path of that name.
    """

    regex = "(?!search$)[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        """Give the id as the database writes it."""
        return value.lower()


# To compile the map takes longer than all else that an emulator does to start.
@lru_cache(maxsize=1)
def _compiled(paths: tuple[tuple[str, tuple[str, ...]], ...]) -> Map:
    rules = [
        Rule(path, methods=methods, endpoint=index) for index, (path, methods) in enumerate(paths)
    ]
    return Map(rules, merge_slashes=False, converters={"id": _IdConverter})
