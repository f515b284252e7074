"""`settings.TORII` becomes the options of a guard."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from torii_backend.errors import ConfigurationError
from torii_backend.options import AuthOptions

_OBJECTS = frozenset({"verifier", "on_error"})


def configured_options() -> AuthOptions:
    """Read `settings.TORII`, whose keys are the options of `AuthOptions` in upper case.

    VERIFIER and ON_ERROR may be dotted import paths.

    Raises:
        ConfigurationError: TORII is no dict, or has a key that is no option.
    """
    configured = getattr(settings, "TORII", {})
    if not isinstance(configured, dict):
        raise ConfigurationError("settings.TORII must be a dict.")
    known = {name.upper(): name for name in AuthOptions.__annotations__}
    unknown = sorted(str(key) for key in configured.keys() - known.keys())
    if unknown:
        raise ConfigurationError(
            f"settings.TORII has the unknown key {unknown[0]!r}; known are {', '.join(known)}."
        )
    options = {known[key]: _imported(known[key], value) for key, value in configured.items()}
    return cast("AuthOptions", options)


def _imported(name: str, value: object) -> object:
    if name not in _OBJECTS or not isinstance(value, str):
        return value
    try:
        return import_string(value)
    except (ImportError, ValueError):
        raise ConfigurationError(
            f"settings.TORII names an object for {name.upper()!r} that cannot be imported."
        ) from None
