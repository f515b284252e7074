"""The Django app: registers the system check."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register

from torii_backend.django.checks import check_settings


class ToriiConfig(AppConfig):
    """The app configuration that Django finds for `torii_backend.django` in INSTALLED_APPS."""

    name = "torii_backend.django"
    label = "torii"

    def ready(self) -> None:
        """Register the system check."""
        register(check_settings, Tags.security)
