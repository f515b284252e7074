"""The authentication backend that finds the user of a session."""

from __future__ import annotations

from typing import Any, Optional

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils.module_loading import import_string

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError


@not_from_requests()
class ToriiBackend(ModelBackend):
    """Finds the user of a session that `session_view` started, for `AUTHENTICATION_BACKENDS`.

    A user whose `is_active` is False isn't signed in, from the next request on. Permissions are those
    of Django's users and groups. It signs nobody in by a password: keep `ModelBackend` beside it if some
    users have one.
    """

    def authenticate(
        self,
        request: Optional[HttpRequest],
        username: Optional[str] = None,
        password: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        """Return None: only `session_view` signs users in."""

    async def aauthenticate(
        self,
        request: Optional[HttpRequest],
        username: Optional[str] = None,
        password: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        """Return None. Django's own would check passwords, whatever `authenticate` does."""


def configured_backend() -> str:
    """Return the dotted path of our backend in the settings, or that of a subclass."""
    backends: list[str] = list(settings.AUTHENTICATION_BACKENDS)
    for path in backends:
        if is_ours(path):
            return path
    raise ConfigurationError(
        "settings.AUTHENTICATION_BACKENDS must have torii_backend.django.sessions.ToriiBackend."
    )


def is_ours(path: Optional[str]) -> bool:
    """Return whether a dotted path is that of our backend, or of a subclass, and is in the settings."""
    if path is None or path not in settings.AUTHENTICATION_BACKENDS:
        return False
    backend = import_string(path)
    return isinstance(backend, type) and issubclass(backend, ToriiBackend)
