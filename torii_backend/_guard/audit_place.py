"""Where an audit of routes is on its walk over applications, mounts and middleware. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Callable, NamedTuple, Optional

from torii_backend._guard.audit import (
    GUARD_MARK,
    Route,
    Verdict,
    name_of,
    strongest,
    verdict_of,
    verdicts_of,
    without_needless_head,
)
from torii_backend._guard.options import CheckedOptions
from torii_backend._guard.resource_metadata import METHODS, ResourceMetadata
from torii_backend._guard.view_code import functions_in, is_function, texts_of

# Code that has none of these words can't change the path of a request (ASGI, WSGI).
_PATHS = frozenset({"path", "raw_path", "root_path", "PATH_INFO", "SCRIPT_NAME", "REQUEST_URI"})
# Python adds the last two to classes by itself.
_MAY_CHANGE = frozenset({"__init__", "__annotate__", "__annotate_func__"})
_HOOKS = frozenset({"__getattribute__", "__getattr__"})


def options_in(layer: object) -> Optional[CheckedOptions]:
    """Return the options of the guard that a layer of an application is, if it is one of ours."""
    options = getattr(layer, GUARD_MARK, None) if acts_as_ours(type(layer)) else None
    return options if isinstance(options, CheckedOptions) else None


def acts_as_ours(cls: type, entry: str = "__call__") -> bool:
    """Return whether a class is ours, or changes nothing of ours but how its objects are made.

    `functools.wraps` copies marks, and a subclass may do anything in a method of its own.

    Args:
        cls: the class.
        entry: the method by which its objects are asked.
    """
    ours: set[str] = set()
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("torii_backend."):
            ours.update(name for name, value in vars(base).items() if is_function(value))
        elif ours and not vars(base).keys().isdisjoint((ours - _MAY_CHANGE) | _HOOKS):
            return False
    return entry in ours


class PlacedGuard(NamedTuple):
    """A guard of ours on the way to a route.

    Attributes:
        options: its options.
        mounted_at: the path that it is mounted at.
        rewriter: middleware inside it that may change the paths by which it has decided, or empty.
    """

    options: CheckedOptions
    mounted_at: str
    rewriter: str = ""

    def verdict(self, path: str, split: Callable[[str], Sequence[str]]) -> Verdict:
        """Say what it does for a whole path."""
        if self.rewriter and self.options.exempt:
            return Verdict("unknown", f"exempt has paths, which {self.rewriter} may change")
        return verdict_of(self.options, split(path[len(self.mounted_at) :]))


class Place(NamedTuple):
    """Where a walk over applications is: below which path, and behind what.

    Attributes:
        path: the mount point, without a slash at its end.
        guards: our guards.
        others: what else may refuse a request, as for `strongest`.
        host: of routes that only one host serves, such as `//admin.example.com`.
    """

    path: str = ""
    guards: tuple[PlacedGuard, ...] = ()
    others: tuple[str, ...] = ()
    host: str = ""

    def behind(self, *layers: object) -> Place:
        """Go on behind those of the layers that are guards of ours."""
        return self.behind_guards(filter(None, map(options_in, layers)))

    def behind_guards(self, found: Iterable[CheckedOptions]) -> Place:
        """Go on behind guards of ours, given by their options."""
        guards = (PlacedGuard(options, self.path) for options in found)
        return self._replace(guards=(*self.guards, *guards))

    def beside(self, other: str) -> Place:
        """Go on behind something else that may refuse a request."""
        return self._replace(others=(*self.others, other))

    def behind_other(self, layer: object) -> Place:
        """Go on behind middleware that isn't ours. It may refuse a request, and change its path."""
        name = f"middleware {name_of(layer)}"
        guards = self.guards
        if may_change_paths(layer):
            guards = tuple(guard._replace(rewriter=name) for guard in guards)
        return self._replace(guards=guards).beside(name)

    def route(
        self,
        path: str,
        method: str,
        split: Callable[[str], Sequence[str]],
        *,
        where: str = "",
        others: Iterable[str] = (),
        view: object = None,
    ) -> Route:
        """Judge one method of a route.

        Args:
            path: of the route, below this place.
            method: such as `GET`.
            split: splits a whole path into pieces, see `route_paths`.
            where: of the view.
            others: what else may refuse a request to this route, as for `strongest`.
            view: what serves the route, if it may be a receiver of ours.
        """
        whole = self.path + path
        verdicts = [guard.verdict(whole, split) for guard in self.guards]
        verdict = strongest([*verdicts, *verdicts_of(view)], (*self.others, *others))
        return Route(self.host + whole, method, *verdict, where)

    def metadata(self, resource: ResourceMetadata) -> list[Route]:
        """List what middleware of ours serves itself: the metadata of a protected resource."""
        found = [
            self.route(resource.path, method, lambda path: [path], view=resource)
            for method in METHODS
        ]
        return without_needless_head(found)


def may_change_paths(layer: Any, words: frozenset[str] = _PATHS) -> bool:
    """Return whether middleware may change paths: its code has a word for them, or can't be read."""
    functions = functions_in(layer)
    return not functions or any(not words.isdisjoint(texts_of(each)) for each in functions)
