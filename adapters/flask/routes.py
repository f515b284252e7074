"""What an audit says of the routes of an application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Callable

from flask import Flask
from werkzeug.routing import (
    FloatConverter,
    IntegerConverter,
    Map,
    Rule,
    UnicodeConverter,
    UUIDConverter,
)

from torii_backend._guard.audit import (
    STATES,
    Route,
    name_of,
    shown_unguarded,
    verdicts_of,
    where_of,
    without_needless_head,
)
from torii_backend._guard.audit_place import Place
from torii_backend._guard.options import CheckedOptions, checked_options
from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend._guard.route_paths import ANYTHING, split_route
from torii_backend._guard.wsgi_layers import wsgi_layers
from torii_backend.auth import not_from_requests
from torii_backend.flask.order import Guard
from torii_backend.flask.view_guards import Found, found_around, found_before, handler_of

_PARAMETER = re.compile(r"<(?:([^:<>()]+)(?:\([^<>]*\))?:)?[^<>]+>")
# They never accept a slash.
_SEGMENTS = (UnicodeConverter, IntegerConverter, FloatConverter, UUIDConverter)
# A subclass that overrides one of these may leave out what runs before views.
_STEPS = ("full_dispatch_request", "preprocess_request", "dispatch_request")


@not_from_requests()
def routes(app: Any) -> list[Route]:
    """Audit the routes of an application: which of them need sign-in. Nothing is called.

    A route is `guarded` if no request without a token can reach its view. That is by `Torii(app)`, by a
    guard in `before_request` of the application or its blueprint, by `@require_auth` on the view, the
    method of a class, or in `decorators` of the class, or by our WSGI middleware around the application.
    It is `unknown` if only code of yours may guard it, such as another function in `before_request`, or
    another decorator. CORS preflight requests don't count.

    Args:
        app: the application, with all its routes, or WSGI middleware around it.

    Returns:
        One route for each method. HEAD is left out unless it is judged in another way than GET, and so
        is Flask's own OPTIONS. Applications that are mounted beside this one are listed as well.

    Raises:
        ConfigurationError: an option of a guard is wrong.
    """
    return [route for found in _walk(app, Place()) for route in found]


@not_from_requests()
def unguarded_routes(app: Any) -> list[str]:
    """List the routes of an application that can be called without sign-in.

    For a test of yours: `assert unguarded_routes(app) == ["GET /health"]`. They are the `routes` whose
    state isn't `guarded`, so a route with `required=False` is listed, and one that `exempt` lets through.

    Args:
        app: as for `routes`.

    Returns:
        One line a route, sorted, such as `GET,POST /invoices/<int:id>`.

    Raises:
        ConfigurationError: an option of a guard is wrong.
    """
    return shown_unguarded(_walk(app, Place()))


def _walk(app: Any, place: Place) -> Iterator[list[Route]]:
    for inner, there in wsgi_layers(app, place):
        served = getattr(inner, "__self__", None)
        if isinstance(inner, ResourceMetadata):
            yield there.metadata(inner)
        elif isinstance(served, Flask):
            yield from _rules(served, there)
        elif isinstance(inner, Flask):
            yield from _walk_flask(inner, there)
        else:
            what = "static files" if inner is None else f"WSGI application {name_of(inner)}"
            others = () if inner is None else (what,)
            yield [there.route("/*", "*", _split_star, others=others, view=inner)]


def _walk_flask(app: Flask, place: Place) -> Iterator[list[Route]]:
    """List the routes of an application and of what was put around its `wsgi_app`."""
    layers = list(wsgi_layers(app.wsgi_app, place))
    found = False
    for inner, there in layers:
        if getattr(inner, "__self__", None) is app:
            found = True
            yield from _rules(app, there)
        elif found or isinstance(inner, Flask) or inner is not layers[-1][0]:
            yield from _walk(inner, there)
        else:
            # What comes last is around it, most likely: nobody knows what else it does.
            yield from _rules(app, there.behind_other(inner))


def _rules(app: Flask, place: Place) -> Iterator[list[Route]]:
    @cache
    def checked(guard: Guard) -> CheckedOptions:
        return checked_options(**guard.options_for(app))

    for rule in app.url_map.iter_rules():
        if not rule.build_only:
            there = place._replace(host=place.host or _host(app, rule))
            routes = [_judged(app, rule, method, there, checked) for method in _methods(rule)]
            yield without_needless_head(routes)


def _host(app: Flask, rule: Rule) -> str:
    """Return the host of a rule if it has one of its own."""
    if app.url_map.host_matching:
        return f"//{rule.host}" if rule.host else ""
    domain = app.config.get("SERVER_NAME") or "*"
    return f"//{rule.subdomain}.{domain}" if rule.subdomain else ""


def _methods(rule: Rule) -> list[str]:
    if rule.websocket:
        return ["WEBSOCKET"]
    methods = set(rule.methods or ("*",))
    if getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")
    return sorted(methods)


def _judged(
    app: Flask, rule: Rule, method: str, place: Place, checked: Callable[[Guard], CheckedOptions]
) -> Route:
    """Judge one method of a rule, by the one of its spellings that is guarded least."""
    view = None if rule.redirect_to else app.view_functions.get(rule.endpoint)
    found = Found([], []) if verdicts_of(view) else _found(app, rule, view, method)
    behind = place.behind_guards(map(checked, found.guards))
    split = partial(_split, url_map=app.url_map)
    where = where_of(handler_of(view, method))
    path = rule.rule
    others = [path.rstrip("/") if path.endswith("/") else f"{path}/"] if path != "/" else []
    judged = [
        behind.route(spelling, method, split, where=where, others=found.others, view=view)
        for spelling in [path, *([] if rule.strict_slashes else others)]
    ]
    weakest = max(judged, key=lambda route: STATES.index(route.state))
    return weakest._replace(path=judged[0].path)


def _found(app: Flask, rule: Rule, view: Any, method: str) -> Found:
    blueprints = [] if rule.redirect_to else rule.endpoint.split(".")[:-1]
    scopes = [".".join(blueprints[:count]) for count in range(1, len(blueprints) + 1)]
    before = found_before(
        each for scope in (None, *scopes) for each in app.before_request_funcs.get(scope, ())
    )
    changed = [step for step in _STEPS if _is_overridden(app, step)]
    if changed:
        before = Found([], [*before.others, f"{changed[0]} is overridden"])
    around = found_around(view, method)
    if view is None and not rule.redirect_to:
        around.others.append("it has no view")
    return Found(before.guards + around.guards, before.others + around.others)


def _is_overridden(app: Flask, step: str) -> bool:
    return getattr(getattr(app, step), "__func__", None) is not getattr(Flask, step)


def _split(path: str, url_map: Map) -> list[str]:
    """Split a path of Werkzeug into literal text and parameters."""

    def is_segment(match: re.Match[str]) -> bool:
        return url_map.converters.get(match[1] or "default") in _SEGMENTS

    pieces = split_route(path, _PARAMETER, is_segment)
    # An argument of a converter that we can't read.
    odd = any("<" in text or ">" in text for text in pieces[::2])
    return [ANYTHING] if odd else pieces


def _split_star(path: str) -> list[str]:
    return [path[:-1], ANYTHING]
