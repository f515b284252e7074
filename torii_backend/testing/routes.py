"""The routes of an app, and a test that none of them is open by mistake."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isfunction
from typing import Any, Optional

from torii_backend._guard import other_routes
from torii_backend._guard.audit import Route
from torii_backend._guard.audit_place import Place
from torii_backend._guard.route_report import findings, lines
from torii_backend._guard.wsgi_layers import wsgi_layers
from torii_backend.errors import ConfigurationError
from torii_backend.settings import refuse_live_key


def routes_of(app: Any) -> list[Route]:
    """List the routes of an app, each with its guard. No route is called.

    Args:
        app: a WSGI or ASGI application, also in middleware. If its framework is unknown, one line stands
            for all of its routes.

    Raises:
        ConfigurationError: it is not an application, or an option of a guard is wrong.
    """
    framework = framework_of(app)
    if framework == "flask":
        from torii_backend.flask.routes import routes

        return routes(app)
    if framework == "fastapi":
        from torii_backend.fastapi.routes import routes as routes_of_starlette

        return routes_of_starlette(app)
    if framework == "django":
        from torii_backend.django.routes import routes as routes_of_project

        return routes_of_project()
    if not _may_be_app(app):
        raise ConfigurationError(
            "app must be a WSGI or ASGI application, such as Flask(__name__) or FastAPI()."
        )
    return other_routes.routes(app)


def framework_of(app: Any) -> str:
    """Return whose `routes` lists the routes of an app: `flask`, `fastapi` or `django`; or empty."""
    for inner, place in wsgi_layers(app, Place()):
        classes = type(getattr(inner, "__self__", inner)).__mro__
        for name in (f"{base.__module__}.{base.__qualname__}" for base in classes):
            # Django lists the routes of its project, whatever is around its handler.
            if name in _FRAMEWORKS and not (_FRAMEWORKS[name] == "django" and place.guards):
                return _FRAMEWORKS[name]
    return ""


def assert_guarded(app: Any, open: Optional[Mapping[str, str]] = None) -> None:  # noqa: A002
    """Assert that sign-in is needed for every route that you don't name.

    A route that your code exempts by `exempt`, or marks as public, needs no entry. One whose sign-in is
    optional does, and so does one that only code of yours may guard. No route is called.

    Args:
        app: a WSGI or ASGI application, also in middleware.
        open: why each of the other routes is open, by its path or by method and path, such as
            `{"/health": "load balancer", "POST /login": "signs in"}`.

    Raises:
        AssertionError: another route may be open, or an entry is needed no more. It lists them.
        ConfigurationError: it is not an application, an entry isn't a path or a method and a path, an
            option of a guard is wrong, or TORII_SECRET_KEY is a live key.
    """
    __tracebackhide__ = True  # pytest shows the line of your test
    refuse_live_key("torii_backend.testing")
    found = findings(sorted(routes_of(app)), {} if open is None else open)
    if found:
        shown = "\n".join(f"  {line}" for line in lines(found))
        raise AssertionError(
            f"Guard these routes, or name those in open= that are meant to be open:\n{shown}"
        )


# By the class that an app has among its bases: no framework is imported to compare with it.
_FRAMEWORKS = {
    "flask.app.Flask": "flask",
    "starlette.applications.Starlette": "fastapi",
    "starlette.routing.Router": "fastapi",
    "django.core.handlers.base.BaseHandler": "django",
}


def _may_be_app(app: Any) -> bool:
    """Return whether this looks like an application. A function must take what servers pass."""
    if not callable(app) or isinstance(app, type):
        return False
    return not isfunction(app) or app.__code__.co_argcount in {2, 3}
