"""What is inside an application: behind middleware, and mounted beside it. For audits of routes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torii_backend._guard.audit_place import Place, options_in

# Where middleware keeps the application that it is around.
_INSIDE = ("app", "_app", "wsgi_app", "application")
# These and ours change nothing that a guard decides by.
_TRANSPARENT = (
    "werkzeug.middleware.",
    "starlette.middleware.",
    "uvicorn.middleware.",
    "torii_backend.",
)


def wsgi_layers(app: Any, place: Place) -> Iterator[tuple[Any, Place]]:
    """Yield each application inside, with its place.

    None stands for files that middleware serves, and a ResourceMetadata for its document.
    """
    if hasattr(app, "__func__"):
        yield app, place  # such as Flask.wsgi_app
        return
    if _is_of(app, "werkzeug.middleware.shared_data"):
        for path, _ in app.exports:
            yield None, place._replace(path=place.path + path.rstrip("/"))
    mounts = getattr(app, "mounts", None)
    if isinstance(mounts, Mapping) and _is_of(app, "werkzeug.middleware.dispatcher"):
        for path, mounted in mounts.items():
            yield from wsgi_layers(mounted, place._replace(path=place.path + path))
    options = options_in(app)
    if options is not None and options.resource is not None:
        yield options.resource, place
    inside = _inside(app)
    if inside is None:
        yield app, place
    elif options is not None or _is_of(app, *_TRANSPARENT):
        yield from wsgi_layers(inside, place.behind(app))
    else:
        yield from wsgi_layers(inside, place.behind_other(app))


def nested(app: Any) -> Iterator[Any]:
    """Yield an application and those inside it, from the outside in, as far as they can be seen."""
    found: list[Any] = []
    while app is not None and not any(app is each for each in found):
        found.append(app)
        yield app
        attributes = getattr(app, "__dict__", {})
        if hasattr(app, "__func__"):
            app = app.__self__  # such as the Flask of a Flask.wsgi_app
        else:
            app = _inside(app) or attributes.get("wsgi_app") or attributes.get("asgi_app")


def _inside(app: Any) -> Any:
    """Return the application that middleware is around. Frameworks have routes of their own."""
    if hasattr(app, "url_map") or isinstance(app, type):
        return None
    attributes = getattr(app, "__dict__", {})
    found = [attributes[name] for name in _INSIDE if callable(attributes.get(name))]
    return found[0] if len(found) == 1 and found[0] is not app else None


def _is_of(app: Any, *modules: str) -> bool:
    return type(app).__module__.startswith(modules)
