"""The guard must not ask for a token where our own proxy serves Torii: nobody could sign in. Pure."""

from __future__ import annotations

from typing import Any

from torii_backend._guard.exempt_paths import ExemptPaths
from torii_backend._guard.wsgi_layers import nested
from torii_backend.errors import ConfigurationError


def is_proxy(app: object) -> bool:
    """Return whether this is a ToriiProxy or its class, by a mark: nothing of it has to be imported."""
    return hasattr(app, "__torii_proxy__")


def require_open_proxy(app: Any, exempt: ExemptPaths) -> None:
    """Raise if a ToriiProxy is inside a guard that doesn't exempt its paths.

    Args:
        app: the application inside the guard.
        exempt: what the guard exempts.
    """
    if any(map(_has_proxy, nested(app))) and not exempt.may_match("/_torii/anything"):
        raise ConfigurationError(
            "exempt must have '/_torii/*' if a ToriiProxy is inside AuthMiddleware. Or put the "
            "ToriiProxy outside of it."
        )


def _has_proxy(app: Any) -> bool:
    # Starlette makes its middleware with the first request.
    added = getattr(app, "user_middleware", None)
    classes = [getattr(each, "cls", None) for each in added] if isinstance(added, list) else []
    return any(map(is_proxy, (app, *classes)))
