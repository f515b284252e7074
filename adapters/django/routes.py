"""Which routes of a project can be called without sign-in.

`INSPECTORS` are the functions that know the views of a framework on top of Django. Its adapter adds one on
import, so the list only grows, and is read without a lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import isfunction
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

from torii_backend._guard.audit import Route, Verdict, shown_unguarded, verdict_of
from torii_backend._guard.audit_place import may_change_paths
from torii_backend._guard.options import CheckedOptions, GuardOptions, checked_options
from torii_backend._guard.route_paths import ANYTHING, SEGMENT
from torii_backend.django.class_views import ANY_METHOD, Handler, handlers_of
from torii_backend.django.layers import Judge, Trail, is_known, module_of, peeled, place_of
from torii_backend.django.middleware import AuthMiddleware
from torii_backend.django.options import configured_options
from torii_backend.django.public import public_mark

# The methods of a view as its framework sees them; None if the view isn't one of that framework.
Inspector = Callable[[Any, Trail, Judge], Optional[Iterable[Handler]]]

INSPECTORS: list[Inspector] = []

_PARAMETER = re.compile(r"<(?:[^>:]+:)?([^>]+)>")
# Those that never accept a slash. A project may give their names to others.
_SEGMENTS = (StringConverter, IntConverter, SlugConverter, UUIDConverter)
# What Django routes by, once it has a request.
_PATH = frozenset({"path_info"})
_REGEX_CHARS = frozenset(".^$*+?{}[]\\|()")
_ADAPTERS = {"ninja": "torii_backend.ninja", "rest_framework": "torii_backend.drf"}


class _Path(NamedTuple):
    """The path of a route, as it is shown, and as the literal text and parameters that it is made of."""

    shown: str
    pieces: tuple[str, ...]

    def joined(self, other: _Path) -> _Path:
        return _Path(self.shown + other.shown, self.pieces + other.pieces)


def routes(urlconf: Any = None) -> list[Route]:
    """Audit the routes of a project: which can be called without sign-in, and why.

    It knows our middleware and `EXEMPT`, `@public`, our decorators and `RequireAuthMixin`, the classes
    that REST framework asks, and the `auth=` of django-ninja. A route is `guarded` only if no request
    without a token can reach its view. What code of others demands can't be known, so there the state is
    `unknown`, and the detail names that code. Nothing is called but the decorators of
    `method_decorator`, which Django calls for each request. CORS preflight requests don't count.

    Args:
        urlconf: a module or its dotted path, or a tuple of URL patterns; `ROOT_URLCONF` by default.

    Returns:
        One route a path and method, in the order of the URL patterns; `*` stands for every method. HEAD
        beside GET, and the OPTIONS that frameworks add, are left out.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    return [route for found in _routes_by_pattern(urlconf) for route in found]


def unguarded_routes(urlconf: Any = None) -> list[str]:
    """List the views of a project that can be called without sign-in, or for which nobody can tell.

    For a test of yours: `assert unguarded_routes() == ["* /health"]`. Behind our middleware, a view
    is listed if it is marked by `@public`, if `EXEMPT` may let one of its paths through, or if
    `REQUIRED` is False. A view with a guard of its own is not: `@require_auth`, `RequireAuthMixin`, or
    what our classes demand in REST framework and django-ninja. What other decorators, permissions and
    middleware demand is not known, so such a view is listed. Nothing is called. CORS preflight requests
    don't count.

    Args:
        urlconf: a module or its dotted path, or a tuple of URL patterns; `ROOT_URLCONF` by default.

    Returns:
        One line a view, sorted, such as `GET,POST /invoices/<int:id>`; `*` stands for every method.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    return shown_unguarded(_routes_by_pattern(urlconf))


def _routes_by_pattern(urlconf: Any) -> Iterator[list[Route]]:
    middleware = list(_middleware())
    for view, path in _views(get_resolver(urlconf).url_patterns, _Path("/", ("/",))):
        yield list(_routes(view, path, middleware))


def _middleware() -> Iterator[tuple[str, Optional[CheckedOptions]]]:
    """Give the options of each guard among the middleware, or None and the reason why they may not count."""
    functions = [name for name, value in vars(AuthMiddleware).items() if isfunction(value)]
    layers = [(path, import_string(path)) for path in settings.MIDDLEWARE]
    for index, (path, cls) in enumerate(layers):
        if isinstance(cls, type) and issubclass(cls, AuthMiddleware):
            same = all(getattr(cls, each) is getattr(AuthMiddleware, each) for each in functions)
            options = checked_options(**configured_options())
            inside = [each for each, layer in layers[index + 1 :] if _may_reroute(layer)]
            if not same:
                yield f"{path} changes AuthMiddleware", None
            elif inside and options.exempt:
                yield f"EXEMPT has paths, which {inside[0]} may change", None
            else:
                yield path, options


def _is_of_users(path: str) -> bool:
    """Return whether middleware is the one by which Django requires its own sign-in, from 5.1 on."""
    return path == "django.contrib.auth.middleware.LoginRequiredMiddleware"


def _may_reroute(layer: Any) -> bool:
    return not is_known(layer) and may_change_paths(layer, _PATH)


def _routes(
    view: Any, path: _Path, middleware: Sequence[tuple[str, Optional[CheckedOptions]]]
) -> Iterator[Route]:
    def judge(options: GuardOptions) -> Verdict:
        return verdict_of(checked_options(**options), path.pieces)

    trail = Trail()
    mark = public_mark(view)
    if mark is not None:
        trail = trail.add(Verdict("public", mark.reason))
    else:
        for name, options in middleware:
            unknown = Verdict("unknown", name)
            trail = trail.add(unknown if options is None else verdict_of(options, path.pieces))
    if getattr(view, "login_required", True) and any(map(_is_of_users, settings.MIDDLEWARE)):
        trail = trail.beside("LoginRequiredMiddleware")
    for handler in _handlers(*peeled(view, trail, judge), judge):
        yield Route(path.shown, handler.method, *handler.verdict, handler.where)


def _handlers(view: Any, trail: Trail, judge: Judge) -> Iterable[Handler]:
    for inspect in INSPECTORS:
        handlers = inspect(view, trail, judge)
        if handlers is not None:
            return handlers
    framework = _framework_of(view)
    if framework in _ADAPTERS:
        trail = trail.add(Verdict("unknown", f"{_ADAPTERS[framework]} isn't imported"))
    elif hasattr(view, "view_class") and module_of(view) == "django.views.generic.base":
        return handlers_of(view, trail, judge)
    return [Handler(ANY_METHOD, trail.verdict(), place_of(view))]


def _framework_of(view: Any) -> str:
    """Return the package of the framework on top of Django that made a view, or that of another."""
    bases = [base.__module__ for base in getattr(view, "view_class", object).__mro__]
    packages = [module.partition(".")[0] for module in [module_of(view), *bases]]
    return next((package for package in packages if package in _ADAPTERS), packages[0])


def _views(patterns: Sequence[Any], prefix: _Path) -> Iterator[tuple[Any, _Path]]:
    for each in patterns:
        path = prefix.joined(_path(each.pattern))
        if isinstance(each, URLResolver):
            yield from _views(each.url_patterns, path)
        elif isinstance(each, URLPattern):
            yield each.callback, path


def _path(pattern: Any) -> _Path:
    text = str(pattern)
    if isinstance(pattern, RoutePattern):
        return _Path(text, tuple(_pieces(text, pattern.converters)))
    if isinstance(pattern, LocalePrefixPattern):
        # It depends on the language, and may be empty.
        return _Path("<language>/", (ANYTHING,))
    return _Path(text, (_literal_start(text), ANYTHING))


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
