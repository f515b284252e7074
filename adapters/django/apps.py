"""The Django app: registers the system check, and what other apps need to know of ours."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.checks import Tags, register

from torii_backend.django.checks import check_settings


class ToriiConfig(AppConfig):
    """The app configuration that Django finds for `torii_backend.django` in INSTALLED_APPS."""

    name = "torii_backend.django"
    label = "torii"

    def ready(self) -> None:
        """Register the system check, and how drf-spectacular describes our authentication class."""
        register(check_settings, Tags.security)
        if apps.is_installed("drf_spectacular"):
            # By its name: only a project with REST framework can import it.
            import_module("torii_backend.drf.schema")
