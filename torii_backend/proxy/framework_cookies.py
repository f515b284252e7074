"""The session and CSRF cookies of the application, which are none of Torii's business.

The browser sends them to `/_torii/*`, too, because it is the same origin. Their names are read from the
settings of the frameworks that are there. Nothing of a framework is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from torii_backend._guard.wsgi_layers import nested

_NONE: frozenset[bytes] = frozenset()
_DJANGO = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")


class FrameworkCookies:
    """The names of the cookies of an application.

    Args:
        app: what the proxy is around.
    """

    def __init__(self, app: Any) -> None:
        # Those that may have settings, which they may get later.
        self._layers = [
            layer
            for layer in nested(app)
            if isinstance(getattr(layer, "config", None), Mapping)
            or hasattr(layer, "session_cookie")
        ]

    def names(self) -> frozenset[bytes]:
        """Return the names as they are set now: an application may set them after it is made."""
        if not self._layers and "django.conf" not in sys.modules:
            return _NONE
        found = {*_django_names(), *self._own_names()}
        return frozenset(name.encode("latin-1", "replace") for name in found)

    def _own_names(self) -> Iterator[str]:
        for layer in self._layers:
            config = getattr(layer, "config", None)
            of_flask = config.get("SESSION_COOKIE_NAME") if isinstance(config, Mapping) else None
            of_starlette = getattr(layer, "session_cookie", None)
            yield from (name for name in (of_flask, of_starlette) if isinstance(name, str))


def _django_names() -> Iterator[str]:
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is not None and settings.configured:
        yield from (str(getattr(settings, name)) for name in _DJANGO)
