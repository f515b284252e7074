"""What an audit says of the routes of an application."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple, Optional

from fastapi.dependencies.models import Dependant
from starlette.applications import Starlette
from starlette.convertors import (
    CONVERTOR_TYPES,
    FloatConvertor,
    IntegerConvertor,
    StringConvertor,
    UUIDConvertor,
)
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from torii_backend._guard.audit import (
    Route,
    name_of,
    shown_unguarded,
    where_of,
    without_needless_head,
)
from torii_backend._guard.audit_place import Place, options_in
from torii_backend._guard.proxy_order import is_proxy
from torii_backend._guard.route_paths import split_route
from torii_backend._guard.view_code import closure_of, is_word_of_caches, words_of
from torii_backend.auth import not_from_requests

_PARAMETER = re.compile(r"\{(\w*)(?::(\w+))?\}|\*\Z")
# They never accept a slash.
_SEGMENTS = (StringConvertor, IntegerConvertor, FloatConvertor, UUIDConvertor)
_TRANSPARENT = (
    "starlette.middleware",
    "fastapi.middleware",
    "uvicorn.middleware",
    "torii_backend.asgi.proxy",
)


@not_from_requests()
def routes(app: Any) -> list[Route]:
    """Audit the routes of an application: which of them need sign-in. No route is called.

    A route is `guarded` if no request without a token can reach its endpoint. That is by a guard among
    its dependencies, those of its routers and of the application, or by our middleware around the
    application, a mount or the route. It is `unknown` if only code of yours may guard it: another
    dependency, middleware or decorator.

    Args:
        app: a FastAPI or Starlette application, a router, or one of these in middleware.

    Returns:
        One route for each method. Routes of included routers and mounted applications are among them, as
        are WebSockets, static files and the pages of the documentation. What can't be looked into, such
        as a mounted WSGI application, is listed as a whole, such as `/shop/*`.
    """
    return [route for found in _walk(app, _START) for route in found]


@not_from_requests()
def unguarded_routes(app: Any) -> list[str]:
    """List the routes that answer without a token. No route is called.

    They are the `routes` whose state isn't `guarded`: those without a guard, those that a guard exempts,
    and those where sign-in is optional.

    Args:
        app: as for `routes`.

    Returns:
        Sorted texts, such as `GET /health`, `GET,POST /items/{id}`, `WEBSOCKET /ws` and `* /static/*`.
    """
    return shown_unguarded(_walk(app, _START))


class _Step(NamedTuple):
    """Where the walk is."""

    place: Place

    def listed(self, path: str, methods: Any, endpoint: Any, *others: str) -> list[Route]:
        found = [
            self.place.route(
                path, method, _split, where=where_of(endpoint), others=others, view=endpoint
            )
            for method in sorted(methods or ("*",))
        ]
        return without_needless_head(found)

    def behind(self, *layers: object) -> _Step:
        """Go on behind middleware, from the outside in."""
        place = self.place
        for layer in layers:
            if options_in(layer):
                place = place.behind(layer)
            elif not _module(layer).startswith(_TRANSPARENT):
                place = place.behind_other(layer)
            elif "authentication" in _module(layer):
                place = place.beside(f"middleware {name_of(layer)}")
        return self._replace(place=place)

    def behind_dependencies(self, context: Any) -> _Step:
        """Go on behind the dependencies of a route, if that is what its application calls."""
        dependant: Optional[Dependant] = getattr(context, "dependant", None)
        place = self.place
        # Those of static files aren't called by an endpoint.
        is_called = getattr(context, "endpoint", None) is not None
        known = _variables(context.app, dependant) if is_called else vars(context)
        if dependant is not None and known is None:
            return self._replace(place=place.beside("app of the route was replaced"))
        provider = (known or {}).get("dependency_overrides_provider")
        overrides = getattr(provider, "dependency_overrides", {})
        for each in getattr(dependant, "dependencies", ()):
            for call in _calls(each, overrides):
                if options_in(call):
                    place = place.behind(call)
                else:
                    place = place.beside(f"depends on {name_of(call)}")
        return self._replace(place=place)


_START = _Step(Place())


def _walk(app: Any, step: _Step) -> Iterator[list[Route]]:
    if hasattr(app, "routes"):
        if isinstance(app, Starlette):
            yield from _metadata((_built(each) for each in app.user_middleware), step)
            step = _behind_middleware(app, step)
        router = getattr(app, "router", app)
        if _own_way(router):
            yield step.listed("/*", None, type(router), _own_way(router))
            return
        for route, context in _routes(app):
            yield from _walk_route(route, context, step)
        default = getattr(router, "default", None)
        if getattr(default, "__name__", "") != "not_found":
            yield from _walk(default, step)
        return
    inner = _inside(app)
    if inner is not None:
        yield from _metadata([app], step)
        yield from _walk(inner, step.behind(app))
    elif type(app) is StaticFiles:
        yield step.listed("/*", None, None)
    else:
        yield step.listed("/*", None, app, f"application {name_of(app)}")


def _metadata(layers: Iterable[object], step: _Step) -> Iterator[list[Route]]:
    """List what our middleware serves itself."""
    for layer in layers:
        options = options_in(layer)
        if options is not None and options.resource is not None:
            yield step.place.metadata(options.resource)
        step = step.behind(layer)


def _walk_route(route: Any, context: Any, step: _Step) -> Iterator[list[Route]]:
    """List a route. Its context has the path and the dependencies that an included router adds."""
    path: str = getattr(context, "path", "")
    methods = getattr(context, "methods", None) if hasattr(route, "methods") else ["WEBSOCKET"]
    own_way = _own_way(route)
    if own_way and hasattr(route, "endpoint"):
        yield step.listed(path, methods, route.endpoint, own_way)
        return
    if own_way:
        yield step.listed(f"{path.rstrip('/')}/*", None, type(route), own_way)
        return
    step = step.behind_dependencies(context)
    if hasattr(route, "host_regex"):
        host = f"//{route.host}{step.place.host}"
        yield from _walk(route.app, step._replace(place=step.place._replace(host=host)))
    elif hasattr(route, "endpoint"):
        layer = getattr(context, "app", None)
        while layer is not None and not hasattr(layer, "__code__"):
            if layer is not route.endpoint or options_in(layer):
                step = step.behind(layer)
            layer = _inside(layer)
        yield step.listed(path, methods, route.endpoint, *_around(route.endpoint))
    elif hasattr(route, "app"):
        below = step.place._replace(path=step.place.path + path.rstrip("/"))
        yield from _walk(route.app, step._replace(place=below))
    else:
        # Static files of FastAPI's `frontend`, and routes that are unknown to us.
        for each in getattr(route, "routes", [route]):
            prefix = getattr(context, "frontend_prefix", "")
            path = f"{prefix}{getattr(each, 'path', '').rstrip('/')}/*"
            yield step.listed(path, None, None)


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


def _calls(dependant: Dependant, overrides: Mapping[Any, Any]) -> Iterator[Any]:
    """Yield what is called for a dependency, and for those below it."""
    call: Any = dependant.call
    overridden = call in overrides
    if overridden:
        call = overrides[call]
    # With arguments, it may be asked about another request.
    while isinstance(call, partial) and not (call.args or call.keywords):
        call = call.func
    yield call
    for each in () if overridden else dependant.dependencies:
        yield from _calls(each, overrides)


def _variables(app: Any, dependant: object) -> Optional[Mapping[str, Any]]:
    """Return the variables of the function by which the application of a route calls its dependencies."""
    layers = [app]
    for layer in layers:  # it grows
        known = closure_of(layer)
        if any(each is dependant for each in known.values()):
            return known
        inside = (
            [vars(layer).get(name) for name in ("app", "_app")]
            if hasattr(layer, "__dict__")
            else []
        )
        for each in (
            *known.values(),
            *inside,
            *([layer.func] if isinstance(layer, partial) else ()),
        ):
            if callable(each) and not any(each is one for one in layers):
                layers.append(each)
    return None


def _around(endpoint: Any) -> Iterator[str]:
    """Yield the decorators of an endpoint, which may refuse a request."""
    while hasattr(endpoint, "__wrapped__"):
        yield f"decorator in {getattr(endpoint, '__globals__', {}).get('__name__', 'another module')}"
        endpoint = endpoint.__wrapped__


def _own_way(owner: Any) -> str:
    """Name a method of an application's class that may leave out what guards its routes, or return ''.

    It is one that overrides a method of the framework without going on to that, or that knows a way around.
    """
    for name, around in _STEPS.items():
        method: Any = getattr(owner, name, None)
        classes = (base.__module__ for base in type(owner).__mro__ if name in vars(base))
        overrides = name in vars(owner) or not _is_of_framework(next(classes, "starlette."))
        if method is None or not overrides:
            continue
        code = getattr(getattr(method, "__func__", method), "__code__", None)
        words = [] if code is None else list(words_of(code))
        goes_on = any(each.endswith(name) for each in words)
        if not goes_on or not around.isdisjoint(words) or any(map(is_word_of_caches, words)):
            return f"{type(owner).__name__}.{name} is overridden"
    return ""


# What the framework calls on the way from an application to an endpoint, each with ways around it.
_STEPS = {
    "__call__": {"router"},
    "build_middleware_stack": {"router"},
    "handle": {"endpoint", "dependant"},
    "get_route_handler": {"endpoint", "dependant"},
}


def _behind_middleware(app: Starlette, step: _Step) -> _Step:
    """Go on behind what is around the routes of an application."""
    own_way = _own_way(app)
    if own_way:
        return step._replace(place=step.place.behind_other(type(app)).beside(own_way))
    calls = next(base for base in type(app).__mro__ if "__call__" in vars(base))
    own = () if _is_of_framework(calls.__module__) else (type(app),)
    step = step.behind(*own)
    missing = _missing_in_stack(app)
    for each in app.user_middleware:
        if each in missing:
            step = step._replace(
                place=step.place.beside("middleware was added after the first request")
            )
        else:
            step = step.behind(_built(each))
    return step


def _missing_in_stack(app: Starlette) -> list[Any]:
    """Return the middleware that was added after the stack was built, or that can't be found there."""
    if app.middleware_stack is None:
        return []
    built: list[Any] = []
    layer: Any = app.middleware_stack
    while layer is not None and not any(layer is each for each in built):
        built.append(layer)
        attributes = getattr(layer, "__dict__", {})
        layer = attributes.get("app", attributes.get("_app"))
    # Layers inside of one that keeps its application elsewhere can't be seen.
    kept = [type(each) for each in built]
    made = [(each, _built(each)) for each in app.user_middleware]
    return [each for each, guard in made if options_in(guard) and type(guard) not in kept]


def _is_of_framework(module: str) -> bool:
    return f"{module}.".startswith(("starlette.", "fastapi."))


def _module(layer: object) -> str:
    """Name the module of a function or class, or of the class of an object."""
    while isinstance(layer, partial):
        layer = layer.func
    owner: Any = layer if isinstance(layer, (type, FunctionType)) else type(layer)
    return str(owner.__module__)


def _built(middleware: Any) -> object:
    """Make our middleware as Starlette will; return the class of another one, or its function."""
    cls, args, kwargs = middleware
    while isinstance(cls, partial):
        args, kwargs, cls = (*cls.args, *args), {**cls.keywords, **kwargs}, cls.func
    modules = [base.__module__ for base in getattr(cls, "__mro__", ())]
    if any(module.startswith("torii_backend.") for module in modules) and not is_proxy(cls):
        return cls(_nothing, *args, **kwargs)
    # `@app.middleware("http")` wraps a function.
    return kwargs.get("dispatch") or partial(cls, *args, **kwargs)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Stand in for the application that a middleware is around."""


def _inside(app: Any) -> Any:
    """Return what our middleware, or Starlette's, is around; None if that can't be told."""
    if options_in(app) or is_proxy(app):
        return getattr(app, "_app", None)
    transparent = type(app).__module__.startswith(_TRANSPARENT)
    return getattr(app, "app", None) if transparent else None


def _split(path: str) -> list[str]:
    """Split a path of Starlette, or one that ends in `*`, into literal text and parameters."""
    return split_route(path, _PARAMETER, _is_segment)


def _is_segment(match: re.Match[str]) -> bool:
    convertor = CONVERTOR_TYPES.get(match[2] or "str")
    return match[1] is not None and type(convertor) in _SEGMENTS
