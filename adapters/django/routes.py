"""Which views of a project can be called without sign-in.

`INSPECTORS` are the functions that know the views of a framework on top of Django. Its adapter adds one on
import, so the list only grows, and is read without a lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import unwrap
from typing import Any, Callable, NamedTuple, Optional

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import (
    IntConverter,
    SlugConverter,
    StringConverter,
    UUIDConverter,
)
from django.urls.resolvers import LocalePrefixPattern, RoutePattern
from django.utils.module_loading import import_string
from django.views import View

from torii_backend._guard.options import GuardOptions, checked_options
from torii_backend._guard.route_paths import ANYTHING, SEGMENT, may_be_exempt
from torii_backend.django.guard import GUARD_MARK, LazyGuard
from torii_backend.django.middleware import AuthMiddleware
from torii_backend.django.options import configured_options
from torii_backend.django.public import is_public

# A view as its framework sees it: its methods, each with whether a request without sign-in may pass.
Inspector = Callable[[Any, "Opens"], Optional[Mapping[str, bool]]]
Opens = Callable[[GuardOptions], bool]

INSPECTORS: list[Inspector] = []

_ANY_METHOD = "*"
_PARAMETER = re.compile(r"<(?:[^>:]+:)?([^>]+)>")
# Those that never accept a slash. A project may give their names to others.
_SEGMENTS = (StringConverter, IntConverter, SlugConverter, UUIDConverter)
_REGEX_CHARS = frozenset(".^$*+?{}[]\\|()")


class _Route(NamedTuple):
    """A piece of a URL, as it is shown, and as the literal text and parameters that it is made of."""

    shown: str
    pieces: tuple[str, ...]

    def joined(self, other: _Route) -> _Route:
        return _Route(self.shown + other.shown, self.pieces + other.pieces)


def unguarded_routes(urlconf: Any = None) -> list[str]:
    """List the views of a project that can be called without sign-in.

    For a test of yours: `assert unguarded_routes() == ["* /health"]`. Behind our middleware, a view
    is listed if it is marked by `@public`, if `EXEMPT` may let one of its paths through, or if
    `REQUIRED` is False. A view with a guard of its own is not: `@require_auth`, `RequireAuthMixin`, or
    what REST framework and django-ninja demand. What other decorators and middleware demand is not
    known, so such a view is listed. Nothing is called. CORS preflight requests don't count.

    Args:
        urlconf: a module or its dotted path, or a tuple of URL patterns; `ROOT_URLCONF` by default.

    Returns:
        One line a view, sorted, such as `GET,POST /invoices/<int:id>`; `*` stands for every method.
        HEAD beside GET, and the OPTIONS that frameworks add, are left out.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    middleware = configured_options() if _has_middleware() else None
    root = _Route("/", ("/",))
    found: set[str] = set()
    for view, route in _views(get_resolver(urlconf).url_patterns, root):
        open_methods = _open_methods(view, route, middleware)
        if open_methods:
            found.add(f"{','.join(sorted(open_methods))} {route.shown}")
    return sorted(found)


def _has_middleware() -> bool:
    # What a subclass does that has a __call__ of its own can't be known.
    calls = (getattr(import_string(path), "__call__", None) for path in settings.MIDDLEWARE)  # noqa: B004
    return AuthMiddleware.__call__ in calls


def _open_methods(view: Any, route: _Route, middleware: Optional[GuardOptions]) -> list[str]:
    def opens(options: GuardOptions) -> bool:
        checked = checked_options(**options)
        return not checked.required or may_be_exempt(checked.exempt, route.pieces)

    passes_middleware = middleware is None or is_public(view) or opens(middleware)
    if not passes_middleware or not passes_guard(view, opens):
        return []
    if _dispatches_by_itself(getattr(view, "view_class", getattr(view, "cls", None))):
        return [_ANY_METHOD]
    for inspect in INSPECTORS:
        methods = inspect(view, opens)
        if methods is not None:
            return [method for method, is_open in methods.items() if is_open]
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return [_ANY_METHOD]
    return [
        method.upper()
        for method in methods_of(view_class)
        if passes_guard(getattr(view_class, method), opens)
    ]


def passes_guard(view: Any, opens: Opens) -> bool:
    """Return whether a request without sign-in may pass the guard of a view, if it has one."""
    guard = getattr(view, GUARD_MARK, None)
    return not isinstance(guard, LazyGuard) or opens(guard.options())


def _dispatches_by_itself(view_class: Any) -> bool:
    """Return whether a class-based view has a dispatch of its own, which may call anything."""
    dispatch = unwrap(getattr(view_class, "dispatch", View.dispatch))
    return not dispatch.__module__.startswith(("django.", "rest_framework.", "torii_backend."))


def methods_of(view_class: Any) -> list[str]:
    """List the methods that a class-based view handles, in lower case."""
    names = [name for name in view_class.http_method_names if hasattr(view_class, name)]
    return [name for name in names if name != "options" and (name != "head" or "get" not in names)]


def _views(patterns: Sequence[Any], prefix: _Route) -> Iterator[tuple[Any, _Route]]:
    for each in patterns:
        route = prefix.joined(_route(each.pattern))
        if isinstance(each, URLResolver):
            yield from _views(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield each.callback, route


def _route(pattern: Any) -> _Route:
    text = str(pattern)
    if isinstance(pattern, RoutePattern):
        return _Route(text, tuple(_pieces(text, pattern.converters)))
    if isinstance(pattern, LocalePrefixPattern):
        # It depends on the language, and may be empty.
        return _Route("<language>/", (ANYTHING,))
    return _Route(text, (_literal_start(text), ANYTHING))


def _pieces(route: str, converters: Mapping[str, Any]) -> Iterator[str]:
    """Split a route of `path()` into literal text and parameters."""
    end = 0
    for parameter in _PARAMETER.finditer(route):
        yield route[end : parameter.start()]
        yield SEGMENT if type(converters.get(parameter[1])) in _SEGMENTS else ANYTHING
        end = parameter.end()
    yield route[end:]


def _literal_start(regex: str) -> str:
    """Return the text that every match of a regular expression begins with, as far as that is plain."""
    if not regex.startswith("^") or "|" in regex:
        return ""
    text = regex[1:]
    length = next((at for at, char in enumerate(text) if char in _REGEX_CHARS), len(text))
    # What comes before one of these may be missing.
    return text[: length - 1] if text[length : length + 1] in {"?", "*", "{"} else text[:length]
