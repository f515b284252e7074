"""System checks of the settings, run by `manage.py check` and at the start of most commands."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the name that Django gave it

from torii_backend.authenticator import Authenticator
from torii_backend.django.options import configured_options
from torii_backend.errors import ConfigurationError

MIDDLEWARE = "torii_backend.django.AuthMiddleware"


def check_settings(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """Report a missing or wrong setting.

    Returns:
        Nothing, or one message: `torii.E001` where the guard could not start with these settings,
        `torii.W001` where only a view that brings no issuer of its own would fail.
    """
    try:
        options = configured_options()
        Authenticator(**options)
    except (ConfigurationError, TypeError) as error:
        hint = 'Set TORII = {"ISSUER": "https://<your tenant>.torii.so"} in the settings.'
        if getattr(settings, "TORII", None) or MIDDLEWARE in settings.MIDDLEWARE:
            return [Error(str(error), hint=hint, id="torii.E001")]
        return [Warning(str(error), hint=hint, id="torii.W001")]
    return []
