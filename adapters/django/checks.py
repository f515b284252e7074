"""The system check of the settings, which runs with `manage.py check` and most other commands."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the name that Django gave it

from torii_backend.django.guard import RequestGuard
from torii_backend.django.options import configured_csrf_exempt, configured_options
from torii_backend.errors import ConfigurationError

MIDDLEWARE = "torii_backend.django.AuthMiddleware"
_DJANGO_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_settings(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """Report what is missing or wrong in the settings.

    - `torii.E001`: the guard can't start with these settings.
    - `torii.W001`: nothing is configured, so views need an `issuer` in their guards.
    - `torii.W002`: Django's own middleware replaces the user that USER_RESOLVER finds.
    """
    try:
        guard = RequestGuard(**configured_options())
        configured_csrf_exempt()
    except ConfigurationError as error:
        hint = None
        if error.__cause__ is not None:
            hint = f"Cause: {error.__cause__}"
        elif not _has_issuer():
            hint = 'Set TORII = {"ISSUER": "https://<your tenant>.torii.so"} in the settings.'
        if getattr(settings, "TORII", {}) != {} or MIDDLEWARE in settings.MIDDLEWARE:
            return [Error(str(error), hint=hint, id="torii.E001")]
        return [Warning(str(error), hint=hint, id="torii.W001")]
    if guard.finds_users and _DJANGO_AUTH in _after_ours(settings.MIDDLEWARE):
        return [
            Warning(
                "AuthenticationMiddleware replaces the request.user that USER_RESOLVER finds.",
                hint=f"In MIDDLEWARE, write {MIDDLEWARE} after it.",
                id="torii.W002",
            )
        ]
    return []


def _has_issuer() -> bool:
    torii = getattr(settings, "TORII", {})
    named = isinstance(torii, dict) and (torii.get("ISSUER") or torii.get("VERIFIER"))
    return bool(named or os.environ.get("TORII_ISSUER"))


def _after_ours(middleware: list[str]) -> list[str]:
    return middleware[middleware.index(MIDDLEWARE) :] if MIDDLEWARE in middleware else []
