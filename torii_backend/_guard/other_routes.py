"""What an audit says of applications of frameworks without an adapter, behind our middleware. Pure.

Falcon, Bottle, Pyramid, Litestar and Quart have lists of their routes. Any other application is one route,
`/*`. Nothing of a framework is imported unless an application of it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Callable, NamedTuple, Optional

from torii_backend._guard.audit import (
    STATES,
    Route,
    name_of,
    relative,
    where_of,
    without_needless_head,
)
from torii_backend._guard.audit_place import Place
from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend._guard.route_paths import ANYTHING, split_route
from torii_backend._guard.wsgi_layers import wsgi_layers


class _Listed(NamedTuple):
    """A route as its framework lists it: each method with its place, or else what is mounted there."""

    path: str
    methods: dict[str, str]
    mounted: Any = None


class _Framework(NamedTuple):
    """How to read the routes of a framework.

    Attributes:
        read: lists them.
        parameter: what a parameter looks like; the type of one that never accepts a slash is known.
        odd: characters that make the rest of a path uncertain.
    """

    read: Callable[[Any], Iterator[_Listed]]
    parameter: re.Pattern[str]
    odd: str

    def split(self, path: str) -> Sequence[str]:
        """Split a path into pieces, see `route_paths`."""
        ending = [ANYTHING] if path.endswith("*") else []
        pieces = split_route(path.rstrip("*"), self.parameter, _is_segment)
        is_odd = any(set(self.odd).intersection(text) for text in pieces[::2])
        return [ANYTHING] if is_odd else [*pieces, *ending]


def routes(app: Any) -> list[Route]:
    """Audit the routes of an application of any other framework. No route is called.

    A route is what our middleware around it says. Without any it is `unknown`.

    Args:
        app: a WSGI or ASGI application.

    Raises:
        ConfigurationError: an option of a guard is wrong.
    """
    return list(_walk(app, Place()))


def _walk(app: Any, place: Place) -> Iterator[Route]:
    for inner, there in wsgi_layers(app, place):
        if isinstance(inner, ResourceMetadata):
            yield from there.metadata(inner)
        elif "asgi_app" in getattr(inner, "__dict__", {}):  # of Quart, with middleware around it
            yield from _walk(inner.asgi_app, there)
        else:
            yield from _routes(getattr(inner, "__self__", inner), there)


def _routes(app: Any, place: Place) -> Iterator[Route]:
    others = () if app is None else (f"no middleware of ours is around {name_of(app)}",)
    framework = _framework_of(app)
    if framework is None:
        yield place.route("/*", "*", _split_star, where=where_of(app), others=others)
        return
    for listed in framework.read(app):
        if listed.mounted is not None:
            yield from _walk(listed.mounted, place._replace(path=place.path + listed.path))
            continue
        yield from without_needless_head(
            _weakest(listed.path, method, place, framework.split, others)._replace(where=where)
            for method, where in listed.methods.items()
        )


def _weakest(
    path: str,
    method: str,
    place: Place,
    split: Callable[[str], Sequence[str]],
    others: Sequence[str],
) -> Route:
    """Judge a method by the spelling that is guarded least: routers may ignore a slash at the end."""
    bare = path.rstrip("/")
    spellings = [path] if path.endswith("*") else [path, bare or "/", f"{bare}/"]
    judged = [place.route(each, method, split, others=others) for each in spellings]
    return max(judged, key=lambda route: STATES.index(route.state))._replace(path=judged[0].path)


def _framework_of(app: Any) -> Optional[_Framework]:
    for base in type(app).__mro__:
        framework = _FRAMEWORKS.get(f"{base.__module__}.{base.__qualname__}")
        if framework is not None:
            return framework
    return None


def _split_star(path: str) -> list[str]:
    return [path[:-1], ANYTHING]


def _is_segment(match: re.Match[str]) -> bool:
    return match["type"] in (None, "int", "float", "str", "string", "uuid")


def _falcon(app: Any) -> Iterator[_Listed]:
    inspect = import_module("falcon.inspect")
    for route in inspect.inspect_routes(app):
        methods = {
            each.method: relative(each.source_info) for each in route.methods if not each.internal
        }
        yield _Listed(route.path, methods or {"*": ""})
    for sink in inspect.inspect_sinks(app):
        yield _Listed(f"{sink.prefix}*", {"*": relative(sink.source_info)})
    for static in inspect.inspect_static_routes(app):
        yield _Listed(f"{static.prefix}*", {"*": ""})


def _bottle(app: Any) -> Iterator[_Listed]:
    for route in app.routes:
        mounted = route.config.get("mountpoint.target")
        if mounted is not None:
            if route.rule.endswith("/<:re:.*>"):
                yield _Listed(route.rule[: -len("/<:re:.*>")], {}, mounted)
            continue
        method = "*" if route.method == "ANY" else route.method
        yield _Listed(route.rule, {method: where_of(route.callback)})


def _pyramid(app: Any) -> Iterator[_Listed]:
    introspector = app.registry.introspector
    views: dict[Any, list[Any]] = {}
    for each in introspector.get_category("views") or ():
        view = each["introspectable"]
        views.setdefault(view.get("route_name"), []).append(view)
    for each in introspector.get_category("routes") or ():
        route = each["introspectable"]
        methods: dict[str, str] = {}
        for view in views.get(route["name"]) or [{}]:
            function = view.get("callable")
            where = where_of(getattr(function, view.get("attr") or "", function))
            found = view.get("request_methods") or route.get("request_methods") or ("*",)
            methods.update(dict.fromkeys((found,) if isinstance(found, str) else found, where))
        yield _Listed(re.sub(r"\*\w+\Z", "*", "/" + route["pattern"].lstrip("/")), methods)
    found_by_traversal = [
        view for view in views.get(None, ()) if "exception" not in str(view.get("context")).lower()
    ]
    if found_by_traversal:
        yield _Listed("/*", {"*": where_of(found_by_traversal[0].get("callable"))})


def _litestar(app: Any) -> Iterator[_Listed]:
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]
        methods = {
            str(getattr(method, "value", method)): where_of(handler.fn)
            for handler in handlers
            for method in getattr(handler, "http_methods", ())
            if not handler.fn.__module__.startswith("litestar.routes")  # its own OPTIONS
        }
        if methods:
            yield _Listed(route.path, methods)
        elif hasattr(handlers[0], "is_mount"):
            yield _Listed(f"{route.path.rstrip('/')}/*", {"*": where_of(handlers[0].fn)})
        else:
            yield _Listed(route.path, {"WEBSOCKET": where_of(handlers[0].fn)})


def _quart(app: Any) -> Iterator[_Listed]:
    for rule in app.url_map.iter_rules():
        where = where_of(app.view_functions.get(rule.endpoint))
        methods: list[str] = ["WEBSOCKET"] if rule.websocket else sorted(rule.methods or ("*",))
        if rule.provide_automatic_options and "OPTIONS" in methods:
            methods.remove("OPTIONS")
        if not rule.build_only:
            yield _Listed(rule.rule, dict.fromkeys(methods, where))


_IN_BRACES = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<type>[^{}()]*)(?:\([^{}]*\))?)?\}")
_IN_ANGLES = re.compile(r"<(?P<name>[^<>:]*)(?::(?P<type>[^<>]*))?>")
_AFTER_TYPE = re.compile(r"<(?:(?P<type>[^:<>()]+)(?:\([^<>]*\))?:)?(?P<name>[^<>]+)>")
_FRAMEWORKS = {
    # The prefix of a sink is a regular expression.
    "falcon.app.App": _Framework(_falcon, _IN_BRACES, "{}\\^$+?[]|()"),
    "bottle.Bottle": _Framework(_bottle, _IN_ANGLES, "<>:\\"),
    "pyramid.router.Router": _Framework(_pyramid, _IN_BRACES, "{}:*"),
    "litestar.app.Litestar": _Framework(_litestar, _IN_BRACES, "{}"),
    "quart.app.Quart": _Framework(_quart, _AFTER_TYPE, "<>"),
}
