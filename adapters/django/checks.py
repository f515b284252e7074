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
_CORS = "corsheaders.middleware.CorsMiddleware"
_FETCH = "django.middleware.cache.FetchFromCacheMiddleware"

_SENTENCES = {
    "W002": "AuthenticationMiddleware replaces the request.user that USER_RESOLVER finds.",
    "W003": "Error responses of AuthMiddleware have no CORS headers, so browsers hide them from scripts.",
    "W004": "The cache answers a repeated token without AuthMiddleware, even if it has expired since.",
}


def check_settings(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """Report what is missing or wrong in the settings.

    - `torii.E001`: the guard can't start with these settings.
    - `torii.W001`: nothing is configured, so views need an `issuer` in their guards.
    - `torii.W002`: Django's own middleware replaces the user that USER_RESOLVER finds.
    - `torii.W003`: our error responses leave the project without CORS headers.
    - `torii.W004`: a cache answers repeated requests before our middleware has checked their tokens.
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
    return _misplaced(finds_users=guard.finds_users)


def _misplaced(*, finds_users: bool) -> list[CheckMessage]:
    """Report which middleware is on the wrong side of ours."""
    middleware = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in middleware:
        return []
    place = middleware.index(MIDDLEWARE)
    before, after = middleware[:place], middleware[place:]
    found = {
        "W002": (_DJANGO_AUTH, "after", finds_users and _DJANGO_AUTH in after),
        "W003": (_CORS, "after", _CORS in after),
        "W004": (_FETCH, "before", _FETCH in before),
    }
    return [
        Warning(
            _SENTENCES[number],
            hint=f"In MIDDLEWARE, write {MIDDLEWARE} {side} {other}.",
            id=f"torii.{number}",
        )
        for number, (other, side, is_wrong) in found.items()
        if is_wrong
    ]


def _has_issuer() -> bool:
    torii = getattr(settings, "TORII", {})
    named = isinstance(torii, dict) and (torii.get("ISSUER") or torii.get("VERIFIER"))
    return bool(named or os.environ.get("TORII_ISSUER"))
