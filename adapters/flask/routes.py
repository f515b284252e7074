"""Which routes of an application can be called without sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from flask.views import MethodView
from werkzeug.routing import (
    FloatConverter,
    IntegerConverter,
    Rule,
    UnicodeConverter,
    UUIDConverter,
)

from torii_backend._guard.options import checked_options
from torii_backend._guard.route_paths import ANYTHING, SEGMENT, may_be_exempt
from torii_backend.auth import not_from_requests
from torii_backend.flask.order import Guard, guard_of, layers

_PARAMETER = re.compile(r"<(?:([^:<>()]+)(?:\([^<>]*\))?:)?[^<>]+>")
# They never accept a slash.
_SEGMENTS = (UnicodeConverter, IntegerConverter, FloatConverter, UUIDConverter)


@not_from_requests()
def unguarded_routes(app: Flask) -> list[str]:
    """List the routes of an application that can be called without sign-in.

    For a test of yours: `assert unguarded_routes(app) == ["GET /health"]`. A route is guarded if it
    needs a token by `Torii(app)`, by a guard in `before_request` of the application or its blueprint, or
    by `@require_auth` on the view, the method of a class, or in `decorators` of the class. A route with
    `required=False` is listed, and so is one for which `exempt` may let a path through. Nothing is
    called. CORS preflight requests, and applications that are mounted beside this one, don't count.

    Args:
        app: the application, with all its routes.

    Returns:
        One line a route, sorted, such as `GET,POST /invoices/<int:id>`. HEAD and Flask's own OPTIONS
        are left out.

    Raises:
        ConfigurationError: an option of a guard is wrong.
    """
    found = {
        f"{','.join(methods)} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if not rule.build_only
        for methods in [[each for each in _methods(rule) if not _is_guarded(app, rule, each)]]
        if methods
    }
    return sorted(found)


def _methods(rule: Rule) -> list[str]:
    methods = set(rule.methods or ("*",))
    if "GET" in methods:
        methods.discard("HEAD")
    if getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")
    return sorted(methods)


def _is_guarded(app: Flask, rule: Rule, method: str) -> bool:
    pieces = _pieces(rule.rule, app)
    for guard in _guards(app, rule.endpoint, method):
        options = checked_options(**guard.options_for(app))
        if options.required and not may_be_exempt(options.exempt, pieces):
            return True
    return False


def _guards(app: Flask, endpoint: str, method: str) -> Iterator[Guard]:
    """Yield the guards that a request to a view passes."""
    blueprints = endpoint.split(".")[:-1]
    scopes = [".".join(blueprints[:count]) for count in range(1, len(blueprints) + 1)]
    functions = [
        each for scope in (None, *scopes) for each in app.before_request_funcs.get(scope, ())
    ]
    functions += layers(app.view_functions.get(endpoint))
    functions += _of_class(getattr(app.view_functions.get(endpoint), "view_class", None), method)
    for function in functions:
        guard = guard_of(function)
        if guard is not None:
            yield guard


def _of_class(view_class: Any, method: str) -> Iterator[Any]:
    """Yield what may guard one method of a class-based view."""
    if view_class is None:
        return
    dispatch = getattr(view_class, "dispatch_request", None)
    yield from layers(dispatch)
    bases = [base.__module__.partition(".")[0] for base in view_class.__mro__]
    is_restful = not {"flask_restx", "flask_restful"}.isdisjoint(bases)
    # Another dispatch may call anything.
    if dispatch is not MethodView.dispatch_request and not is_restful:
        return
    handler = getattr(view_class, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(view_class, "get", None)
    yield from layers(handler)
    if not is_restful:
        return
    # In Flask-RESTful it may be a dict as well.
    decorators = getattr(view_class, "method_decorators", ())
    if isinstance(decorators, Mapping):
        decorators = decorators.get(method.lower(), ())
    yield from decorators


def _pieces(rule: str, app: Flask) -> list[str]:
    """Split a rule of Werkzeug into literal text and parameters."""
    literals = _PARAMETER.split(rule)[::2]
    if any("<" in literal or ">" in literal for literal in literals):
        return [ANYTHING]  # an argument of a converter that we can't read
    pieces = [literals[0]]
    for parameter, literal in zip(_PARAMETER.finditer(rule), literals[1:]):
        converter = app.url_map.converters.get(parameter[1] or "default")
        pieces += [SEGMENT if converter in _SEGMENTS else ANYTHING, literal]
    return pieces
