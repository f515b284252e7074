"""Checks of an app: whether it starts, whom it trusts and which routes are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Callable

from torii_backend._guard.audit import STATES, Route
from torii_backend._keys.failure import scrubbed
from torii_backend._keys.fetcher import issuers_in_use
from torii_backend.cli.doctor.app_order import check_drf, check_order
from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.load_app import add_working_directory, errors_of_app
from torii_backend.errors import ConfigurationError
from torii_backend.settings import resolve_issuers
from torii_backend.testing.routes import framework_of, routes_of

CHECKS = (
    "app.import",
    "app.framework",
    "app.settings",
    "app.issuer",
    "app.routes",
    "app.middleware",
    "app.drf",
)
_SHOWN = 3


def check_app(report: Report, load: Callable[[], Any], issuers: list[str]) -> None:
    """Load an app and check it. The issuers that it trusts are added to `issuers`."""
    try:
        app = load()
    except ConfigurationError as error:
        sentence, _, remedy = str(error).partition("\n")
        report.failed("app.import", sentence, remedy or "Correct APP.")
        return
    report.ok("app.import", "The app can be imported.")
    framework = _framework(app)
    if not framework:
        report.failed(
            "app.framework",
            f"A {type(app).__name__} is not an app that can be looked into.",
            "Pass an app of Flask, FastAPI, Starlette or Django.",
        )
        return
    report.ok("app.framework", f"It is an app of {_NAMES[framework]}.")
    _check_settings(report, app, framework)
    _check_routes(report, app, framework)
    # Some guards are made by then, which the first request would make.
    issuers += issuers_in_use()
    _check_issuer(report, issuers)
    check_order(report, app, framework)
    check_drf(report, framework)


def load_django_settings() -> Any:
    """Set up the Django project that DJANGO_SETTINGS_MODULE names. Return its settings."""
    add_working_directory()
    with errors_of_app("The Django project can't be set up"):
        import django
        from django.conf import settings

        django.setup()
        return settings


_NAMES = {"flask": "Flask", "fastapi": "FastAPI or Starlette", "django": "Django"}


def _check_settings(report: Report, app: Any, framework: str) -> None:
    """Make a guard with the app's own settings, as the first request may do."""
    check = "app.settings"
    if framework == "django":
        from torii_backend.django.checks import check_settings

        wrong = [each for each in check_settings() if each.id in {"torii.E001", "torii.W001"}]
        if wrong:
            cause = (wrong[0].hint or "").partition("Cause: ")[2]
            sentence = f"{wrong[0].msg} {scrubbed(cause)}" if cause else wrong[0].msg
            remedy = "" if cause else wrong[0].hint
            report.failed(check, sentence, remedy or "Correct TORII in the settings.")
            return
    if framework == "flask":
        from torii_backend._guard.authenticator import Authenticator
        from torii_backend.flask.guard import configured_options

        try:
            Authenticator(**configured_options(app))
        except ConfigurationError as error:
            report.warning(
                check,
                f"Guards without keywords of their own can't start: {error}",
                "Set app.config['TORII_ISSUER'], or TORII_ISSUER in the environment.",
            )
            return
    report.ok(check, "Guards can be made with its settings.")


def _check_issuer(report: Report, issuers: Sequence[str]) -> None:
    check = "app.issuer"
    try:
        named = resolve_issuers()
    except ConfigurationError:
        named = ()
    others = [issuer for issuer in issuers if issuer not in named]
    if not issuers:
        report.unknown([check], "no guard of the app has an issuer before the first request")
    elif named and others:
        report.warning(
            check,
            f"The app trusts {others[0]}, which TORII_ISSUER does not name.",
            "Remove one of the two settings, or make them agree.",
        )
    else:
        report.ok(check, f"The app trusts {', '.join(issuers)}.")


def _check_routes(report: Report, app: Any, framework: str) -> None:
    check, remedy = "app.routes", "Run torii routes to see each route and its guard."
    try:
        routes = _routes(app, framework)
    except ConfigurationError as error:
        report.failed(check, str(error), "Correct the guard.")
        return
    counts = Counter(route.state for route in routes)
    total = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    doubtful = [route for route in routes if route.state in {"open", "unknown"}]
    if not routes:
        report.unknown([check], "the app has no routes")
    elif not counts["guarded"] + counts["optional"] + counts["unknown"]:
        sentence = f"No route of the app needs sign-in: {total}."
        report.failed(check, sentence, "Guard the app, as docs/frameworks.md shows.")
    elif doubtful:
        report.warning(check, f"Routes: {total}; {_listed(doubtful)}.", remedy)
    else:
        report.ok(check, f"Routes: {total}.")


def _routes(app: Any, framework: str) -> list[Route]:
    if framework != "django":
        return routes_of(app)
    from torii_backend.django.routes import routes

    return routes()


def _framework(app: Any) -> str:
    """Return the framework of an app, without importing one to compare with."""
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(app).__mro__}
    is_django = not bases.isdisjoint(
        ("django.conf.LazySettings", "django.core.handlers.base.BaseHandler")
    )
    return "django" if is_django else framework_of(app)


def _listed(routes: Sequence[Route]) -> str:
    shown = ", ".join(f"{route.method} {route.path}" for route in routes[:_SHOWN])
    return f"{shown} and {len(routes) - _SHOWN} more" if len(routes) > _SHOWN else shown
