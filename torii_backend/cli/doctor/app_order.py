"""Checks of the order of middleware, and of REST framework's authentication classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torii_backend.cli.doctor.finding import Report

_CHECK = "app.middleware"
_HIDES = "so a browser reports a CORS error instead of our 401."


def check_order(report: Report, app: Any, framework: str) -> None:
    """Check the order of our middleware and others."""
    check = {"django": _check_django, "flask": _check_flask, "fastapi": _check_starlette}
    if not check[framework](report, app):
        report.ok(_CHECK, "No middleware is on the wrong side of ours.")


def _check_django(report: Report, _: Any) -> bool:
    from torii_backend.django.checks import check_settings

    misplaced = [each for each in check_settings() if each.id not in {"torii.E001", "torii.W001"}]
    if misplaced:
        sentences = " ".join(each.msg for each in misplaced)
        report.warning(_CHECK, sentences, " ".join(each.hint or "" for each in misplaced))
    return bool(misplaced)


def _check_flask(report: Report, app: Any) -> bool:
    """Flask-CORS sees the responses of our extension, but not those of our WSGI middleware."""
    from torii_backend.wsgi import AuthMiddleware

    functions: Sequence[Any] = app.after_request_funcs.get(None, ())
    has_cors = any(_package(function) == "flask_cors" for function in functions)
    if not has_cors or not isinstance(app.wsgi_app, AuthMiddleware):
        return False
    sentence = f"Flask-CORS is inside AuthMiddleware, {_HIDES}"
    report.warning(_CHECK, sentence, "Use Torii(app) of torii_backend.flask instead.")
    return True


def _check_starlette(report: Report, app: Any) -> bool:
    """The first of `user_middleware` is the outermost."""
    from torii_backend.asgi import AuthMiddleware

    classes = [each.cls for each in getattr(app, "user_middleware", ())]
    names = [getattr(each, "__name__", "") for each in classes]
    if AuthMiddleware not in classes or "CORSMiddleware" not in names:
        return False
    if names.index("CORSMiddleware") < classes.index(AuthMiddleware):
        return False
    report.warning(
        _CHECK,
        f"CORSMiddleware is inside AuthMiddleware, {_HIDES}",
        "Call add_middleware(CORSMiddleware, …) after that of AuthMiddleware.",
    )
    return True


def check_drf(report: Report, framework: str) -> None:
    """Check whether REST framework answers 401: it asks its first authentication class."""
    check, classes = "app.drf", _drf_classes() if framework == "django" else None
    if classes is None:
        report.unknown([check], "the app does not use REST framework")
        return
    from torii_backend.drf import ToriiAuthentication

    ours = [issubclass(each, ToriiAuthentication) for each in classes]
    if any(ours) and not ours[0]:
        report.warning(
            check,
            f"{classes[0].__name__} comes before ToriiAuthentication, so that REST framework may"
            " respond with 403 in place of 401, and without our WWW-Authenticate.",
            "Write ToriiAuthentication first in DEFAULT_AUTHENTICATION_CLASSES.",
        )
    elif any(ours):
        report.ok(check, "ToriiAuthentication is REST framework's first authentication class.")
    else:
        report.ok(check, "ToriiAuthentication is not among REST framework's default classes.")


def _drf_classes() -> Any:
    from django.conf import settings

    if "rest_framework" not in settings.INSTALLED_APPS:
        return None
    from rest_framework.settings import api_settings

    return api_settings.DEFAULT_AUTHENTICATION_CLASSES


def _package(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]
