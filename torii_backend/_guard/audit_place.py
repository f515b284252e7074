"""Where an audit of routes is on its walk over applications, mounts and middleware. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from types import CodeType
from typing import Any, Callable, NamedTuple, Optional

from torii_backend._guard.audit import (
    GUARD_MARK,
    Route,
    Verdict,
    name_of,
    strongest,
    verdict_of,
)
from torii_backend._guard.options import CheckedOptions

# Code that has none of these words can't change the path of a request (ASGI, WSGI).
_PATHS = frozenset({"path", "raw_path", "root_path", "PATH_INFO", "SCRIPT_NAME", "REQUEST_URI"})


def options_in(layer: object) -> Optional[CheckedOptions]:
    """Return the options of the guard that a layer of an application is, if it is one of ours.

    A subclass with a `__call__` of its own may do anything, and `functools.wraps` copies marks.
    """
    call: Any = getattr(type(layer), "__call__", None)  # noqa: B004
    ours = str(getattr(call, "__module__", "")).startswith("torii_backend.")
    options = getattr(layer, GUARD_MARK, None) if ours else None
    return options if isinstance(options, CheckedOptions) else None


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
        if _mentions_paths(layer):
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
    ) -> Route:
        """Judge one method of a route.

        Args:
            path: of the route, below this place.
            method: such as `GET`.
            split: splits a whole path into pieces, see `route_paths`.
            where: of the view.
            others: what else may refuse a request to this route, as for `strongest`.
        """
        whole = self.path + path
        verdicts = [guard.verdict(whole, split) for guard in self.guards]
        verdict = strongest(verdicts, (*self.others, *others))
        return Route(self.host + whole, method, *verdict, where)


def _mentions_paths(layer: Any) -> bool:
    """Return whether middleware may change paths: its code has a word for them, or can't be read."""
    codes = list(_codes(layer))
    return not codes or any(map(_has_word_for_paths, codes))


def _codes(layer: Any) -> Iterator[CodeType]:
    while isinstance(layer, partial):
        layer = layer.func
    if hasattr(layer, "__code__"):
        yield layer.__code__
        return
    classes = [layer] if isinstance(layer, type) else [type(layer)]
    for base in classes[0].__mro__:
        for value in vars(base).values():
            function = getattr(value, "__func__", value)
            if hasattr(function, "__code__") and not base.__module__.startswith("starlette."):
                yield function.__code__


def _has_word_for_paths(code: CodeType) -> bool:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if _has_word_for_paths(const):
                return True
        elif not _PATHS.isdisjoint(const if isinstance(const, (tuple, frozenset)) else (const,)):
            return True
    return False
