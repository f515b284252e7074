"""The session and CSRF cookies of the application, which are none of Torii's business.

The browser sends them to `/_torii/*`, too, because it is the same origin. Their names are read from the
settings of the frameworks that are there. Nothing of a framework is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from inspect import signature
from typing import Any, Optional

from torii_backend._guard.wsgi_layers import nested

_NONE: frozenset[bytes] = frozenset()
_DJANGO = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")


class FrameworkCookies:
    """The names of the cookies of an application.

    Args:
        app: what the proxy is around.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._found: Optional[tuple[tuple[Any, ...], frozenset[str]]] = None

    def names(self) -> frozenset[bytes]:
        """Return the names as they are set now: an application may set them after it is made."""
        if self._found is None:
            # With the first request: middleware and mounted applications are all there then.
            layers = tuple(_layers(self._app, []))
            to_come = frozenset(each for layer in layers for each in _to_come(layer))
            self._found = tuple(filter(_may_have_settings, layers)), to_come
        layers, to_come = self._found
        if not layers and not to_come and "django.conf" not in sys.modules:
            return _NONE
        found = {*_django_names(), *_own_names(layers), *to_come}
        return frozenset(name.encode("latin-1", "replace") for name in found)


def _layers(app: Any, seen: list[Any]) -> Iterator[Any]:
    """Yield an application, those inside it, and those mounted in them."""
    for layer in nested(app):
        if any(layer is each for each in seen):
            return
        seen.append(layer)
        yield layer
        mounts, routes = getattr(layer, "mounts", None), getattr(layer, "routes", None)
        mounted = [*mounts.values()] if isinstance(mounts, Mapping) else []
        if isinstance(routes, list):
            # Of Starlette: a Mount has routes, and a Route has none.
            mounted += [each.app for each in routes if hasattr(each, "routes")]
        for each in mounted:
            yield from _layers(each, seen)


def _may_have_settings(layer: Any) -> bool:
    return isinstance(getattr(layer, "config", None), Mapping) or hasattr(layer, "session_cookie")


def _own_names(layers: tuple[Any, ...]) -> Iterator[str]:
    for layer in layers:
        config = getattr(layer, "config", None)
        of_flask = config.get("SESSION_COOKIE_NAME") if isinstance(config, Mapping) else None
        of_starlette = getattr(layer, "session_cookie", None)
        yield from (name for name in (of_flask, of_starlette) if isinstance(name, str))


def _to_come(layer: Any) -> Iterator[str]:
    """Yield the names of middleware that Starlette makes with the first request."""
    added = getattr(layer, "user_middleware", None)
    for each in added if isinstance(added, list) else []:
        with suppress(AttributeError, TypeError, ValueError):
            given = signature(each.cls).bind_partial(None, *each.args, **each.kwargs)
            given.apply_defaults()
            name = given.arguments.get("session_cookie")
            if isinstance(name, str):
                yield name


def _django_names() -> Iterator[str]:
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is not None and settings.configured:
        yield from (str(getattr(settings, name)) for name in _DJANGO)
