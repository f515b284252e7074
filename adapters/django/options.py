"""Reads `settings.TORII`: the options of a guard, and the function that finds users."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Optional, cast

from django.conf import settings
from django.utils.module_loading import import_string

from torii_backend._guard.options import GuardOptions
from torii_backend.django.users import UserResolver
from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_async_function, without_secrets

_USER_RESOLVER = "USER_RESOLVER"
_CSRF_EXEMPT = "CSRF_EXEMPT"
_OWN = (_USER_RESOLVER, _CSRF_EXEMPT)
_OBJECTS = frozenset({"verifier", "on_error", "policy", "check", "resource"})


def configured_options() -> GuardOptions:
    """Return the options in `settings.TORII`, whose keys are those of `GuardOptions` in upper case.

    VERIFIER, ON_ERROR, POLICY, CHECK and RESOURCE may be dotted import paths, and ISSUER one of a function.
    """
    configured = _configured()
    known = {name.upper(): name for name in GuardOptions.__annotations__}
    unknown = sorted(str(key) for key in configured.keys() - known.keys() - {*_OWN})
    if unknown:
        listed = ", ".join([*known, *_OWN])
        raise ConfigurationError(
            f"settings.TORII has the unknown key {unknown[0]!r}. The known keys are {listed}."
        )
    options = {known[key]: _value(key, configured[key]) for key in configured if key in known}
    return cast("GuardOptions", options)


def configured_user_resolver() -> Optional[UserResolver]:
    """Return the function in `settings.TORII["USER_RESOLVER"]`, which may be a dotted import path."""
    resolver = _configured().get(_USER_RESOLVER)
    if isinstance(resolver, str):
        resolver = _imported(_USER_RESOLVER, resolver)
    if resolver is not None and (not callable(resolver) or is_async_function(resolver)):
        raise ConfigurationError(
            'settings.TORII["USER_RESOLVER"] must be a function that takes the Auth and is not '
            'async, or its dotted path, such as "shop.users.find_user".'
        )
    return resolver


def configured_csrf_exempt() -> bool:
    """Return whether requests that a token authenticates need no CSRF token; True by default."""
    exempt = _configured().get(_CSRF_EXEMPT, True)
    if not isinstance(exempt, bool):
        raise ConfigurationError('settings.TORII["CSRF_EXEMPT"] must be True or False.')
    return exempt


def _configured() -> dict[str, Any]:
    configured = getattr(settings, "TORII", {})
    if not isinstance(configured, dict):
        raise ConfigurationError(
            'settings.TORII must be a dict, such as {"ISSUER": "https://acme.torii.so"}.'
        )
    return configured


def _value(key: str, value: object) -> object:
    if key == "ISSUER":
        # Error trackers send variables, and a refused issuer may have a password.
        value = without_secrets(value)
    if not isinstance(value, str):
        return value
    if key.lower() in _OBJECTS or (key == "ISSUER" and _is_path(value)):
        return _imported(key, value)
    return value


def _is_path(value: str) -> bool:
    """Return whether an issuer is an import path, and not a URL without its scheme."""
    module = value.rpartition(".")[0]
    if not _is_dotted(value):
        return False
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        # If the missing module is another one, our module exists and its own import failed.
        return not f"{module}.".startswith(f"{error.name}.")
    except ImportError:
        pass
    return True


def _imported(key: str, path: str) -> Any:
    try:
        return import_string(path)
    except (ImportError, TypeError, ValueError) as error:
        # A string that isn't a path may be a misplaced secret, and the import error would show it.
        raise ConfigurationError(f'settings.TORII["{key}"] could not be imported.') from (
            error if _is_dotted(path) else None
        )


def _is_dotted(path: str) -> bool:
    return "." in path and all(name.isidentifier() for name in path.split("."))
