"""unguarded_routes: which routes of an application answer without a token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, Optional

from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.route_paths import ANYTHING, SEGMENT
from torii_backend.auth import not_from_requests

_PARAMETER = re.compile(r"\{(\w*)(?::(\w+))?\}|\*\Z")
# They never accept a slash.
_SEGMENTS = (None, "str", "int", "float", "uuid")


@not_from_requests()
def unguarded_routes(app: Any) -> list[str]:
    """List the routes that answer without a token. No route is called.

    They are those without a guard, those that a guard exempts, and those where sign-in is optional.
    Routes of included routers and mounted applications are among them, as are WebSockets, static files
    and the pages of the documentation. What can't be looked into, such as a mounted WSGI application,
    is listed as a whole.

    Args:
        app: a FastAPI or Starlette application, a router, or one of these in middleware.

    Returns:
        Sorted texts, such as `GET /health`, `GET,POST /items/{id}`, `WEBSOCKET /ws` and `* /static/*`.
    """
    return sorted(set(_unguarded(app, _Place("", (), frozenset()))))


class _Guard(NamedTuple):
    authenticator: Authenticator
    mounted_at: str

    def opens(self, path: str) -> bool:
        return self.authenticator.may_pass_without_token(_pieces(path[len(self.mounted_at) :]))


class _Place(NamedTuple):
    """Where the walk is: below which path, behind which guards."""

    path: str
    guards: tuple[_Guard, ...]
    overridden: frozenset[object]  # the keys of `dependency_overrides`

    def behind(self, *layers: object) -> _Place:
        # What a subclass does that has a __call__ of its own can't be known.
        ours = [layer for layer in layers if _of_call(layer).startswith("torii_backend.")]
        found = (getattr(layer, "_authenticator", None) for layer in ours)
        guards = [_Guard(each, self.path) for each in found if isinstance(each, Authenticator)]
        return self._replace(guards=(*self.guards, *guards))

    def listed(self, methods: Optional[set[str]], path: str) -> Iterator[str]:
        whole = self.path + path
        if all(guard.opens(whole) for guard in self.guards):
            # A router adds HEAD to GET by itself.
            shown = sorted(methods - {"HEAD"} or methods) if methods else ["*"]
            yield f"{','.join(shown)} {whole}"


def _of_call(layer: object) -> str:
    """Name the module that says what a call of this object does."""
    return getattr(getattr(type(layer), "__call__", None), "__module__", None) or ""  # noqa: B004


def _unguarded(app: Any, place: _Place) -> Iterator[str]:
    place = place.behind(app)
    if hasattr(app, "routes"):
        overrides: dict[object, object] = getattr(app, "dependency_overrides", {})
        place = place._replace(overridden=frozenset(overrides))
        place = place.behind(*map(_built, getattr(app, "user_middleware", ())))
        for route, context in _routes(app):
            yield from _unguarded_route(route, context, place)
        return
    inner = _inside(app)
    if inner is None:
        yield from place.listed(None, "/*")
    else:
        yield from _unguarded(inner, place)


def _unguarded_route(route: Any, context: Any, place: _Place) -> Iterator[str]:
    """List a route. Its context has the path and the dependencies that an included router adds."""
    place = place.behind(*_dependencies(getattr(context, "dependant", None), place.overridden))
    path: str = getattr(context, "path", "")
    if hasattr(route, "host_regex"):
        yield from _unguarded(route.app, place)
    elif hasattr(route, "endpoint"):
        layer = getattr(context, "app", None)
        while layer is not None:
            place, layer = place.behind(layer), _inside(layer)
        websocket = not hasattr(route, "methods")
        yield from place.listed({"WEBSOCKET"} if websocket else context.methods, path)
    elif hasattr(route, "app"):
        yield from _unguarded(route.app, place._replace(path=place.path + path.rstrip("/")))
    else:
        # Static files of FastAPI's `frontend`, and routes that are unknown to us.
        for each in getattr(route, "routes", [route]):
            prefix = getattr(context, "frontend_prefix", "")
            yield from place.listed(None, f"{prefix}{getattr(each, 'path', '').rstrip('/')}/*")


def _routes(app: Any) -> Iterator[tuple[BaseRoute, Any]]:
    router = getattr(app, "router", app)
    for route in (*router.routes, *getattr(router, "_low_priority_routes", ())):
        if not hasattr(route, "effective_route_contexts"):
            yield route, route
            continue
        # Newer versions of FastAPI don't copy the routes of an included router.
        others = getattr(route, "effective_low_priority_routes", tuple)
        for context in (*route.effective_route_contexts(), *others()):
            yield context.original_route, context.starlette_route or context


def _dependencies(
    dependant: Optional[Dependant], overridden: frozenset[object]
) -> Iterator[object]:
    if dependant is not None and dependant.call not in overridden:
        call: Any = dependant.call
        while isinstance(call, partial):
            call = call.func
        yield call
        for each in dependant.dependencies:
            yield from _dependencies(each, overridden)


def _pieces(path: str) -> list[str]:
    """Split a path of Starlette, or one that ends in `*`, into literal text and parameters."""
    literals = _PARAMETER.split(path)[::3]
    pieces = [literals[0]]
    for parameter, literal in zip(_PARAMETER.finditer(path), literals[1:]):
        sure = parameter[1] is not None and parameter[2] in _SEGMENTS
        pieces += [SEGMENT if sure else ANYTHING, literal]
    return pieces


def _built(middleware: Any) -> object:
    """Make our middleware of an entry in `user_middleware`, which Starlette makes at the first call."""
    cls, args, kwargs = middleware
    while isinstance(cls, partial):
        args, kwargs, cls = (*cls.args, *args), {**cls.keywords, **kwargs}, cls.func
    modules = [base.__module__ for base in getattr(cls, "__mro__", ())]
    ours = any(module.startswith("torii_backend.") for module in modules)
    return cls(_nothing, *args, **kwargs) if ours else None


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Stand in for the application that a middleware is around."""


def _inside(app: Any) -> Any:
    """Return what our middleware, or Starlette's, is around; None if that can't be told."""
    if isinstance(getattr(app, "_authenticator", None), Authenticator):
        return getattr(app, "_app", None)
    transparent = type(app).__module__.startswith(("starlette.middleware", "fastapi.middleware"))
    return getattr(app, "app", None) if transparent else None
