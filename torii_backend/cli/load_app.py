"""Import the app that a command is about, as `flask run` and uvicorn do."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import isfunction
from typing import Any

from torii_backend._keys.failure import describe, scrubbed
from torii_backend.cli.app_option import DJANGO_SETTINGS
from torii_backend.errors import ConfigurationError

_FORM = "APP must be module:attribute or module:function(), such as app.main:app."


def load_app(target: str) -> Any:
    """Import an app, and call the factory if the target ends in `()`.

    Args:
        target: `module:attribute` or `module:function()`. The working directory is importable.

    Raises:
        ConfigurationError: it can't be imported or made; the message says how it failed.
    """
    module_name, colon, path = target.partition(":")
    path, parentheses, rest = path.partition("()")
    if not colon or rest or not all(_is_name(part) for part in (module_name, path)):
        raise ConfigurationError(_FORM)
    add_working_directory()
    with errors_of_app(f"{module_name} can't be imported"):
        found: Any = import_module(module_name)
    for name in path.split("."):
        if not hasattr(found, name):
            raise ConfigurationError(f"APP must name an attribute: {module_name} has no {path}.")
        found = getattr(found, name)
    if not parentheses:
        if isfunction(found) and found.__code__.co_argcount not in {2, 3}:
            raise ConfigurationError(
                f"APP must be an app; {path} is a function. If it returns the app, write {target}()."
            )
        return found
    if not callable(found):
        raise ConfigurationError(f"{path} must be a function if you write {path}().")
    with errors_of_app(f"{path}() failed"):
        return found()


def load_django() -> Any:
    """Set up the Django project of DJANGO_SETTINGS_MODULE, and return its WSGI application.

    Raises:
        ConfigurationError: the variable isn't set, or the project can't be set up.
    """
    module = os.environ.get(DJANGO_SETTINGS)
    if not module:
        raise ConfigurationError(
            f"APP must be set, such as app.main:app. For Django, pass --settings or set {DJANGO_SETTINGS}."
        )
    add_working_directory()
    with errors_of_app(f"{module} can't be set up"):
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()


def add_working_directory() -> None:
    """Let modules of the working directory be imported, before all others."""
    here = os.getcwd()  # noqa: PTH109 (pathlib takes 10 ms to import)
    if sys.path[0] not in ("", here):
        sys.path.insert(0, here)


@contextmanager
def errors_of_app(what: str) -> Iterator[None]:
    """Turn what the app raises into a ConfigurationError, whose message has no secrets.

    Args:
        what: the beginning of the message, such as `app.main can't be imported`.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    # An app may end the process if a setting is missing.
    except BaseException as error:
        place = _place_of(error)
        if isinstance(error, ConfigurationError) and not place:
            raise
        # Our own messages have no secrets, and name URLs as examples.
        is_ours = isinstance(error, ConfigurationError)
        line = f"{type(error).__name__}: {error}" if is_ours else describe(error)
        raise ConfigurationError(f"{scrubbed(what)}. {place}{line}\n{_hint(error)}") from None


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            "Run torii in the folder from which the app starts, and in the environment that has its "
            "packages."
        )
    return "Set what the app needs to start, such as its environment variables."


def _place_of(error: BaseException) -> str:
    """Return where the code of the app raised, such as `app/main.py:3: `."""
    here = os.getcwd()  # noqa: PTH109
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.startswith(here + os.sep) and "site-packages" not in frame.filename:
            return f"{os.path.relpath(frame.filename, here)}:{frame.lineno}: "
    return ""


def _is_name(path: str) -> bool:
    return all(part.isidentifier() for part in path.split("."))
