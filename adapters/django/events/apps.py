"""The Django app of the inbox."""

from __future__ import annotations

from django.apps import AppConfig


class ToriiEventsConfig(AppConfig):
    """The app configuration that Django finds for `torii_backend.django.events` in INSTALLED_APPS."""

    name = "torii_backend.django.events"
    label = "torii_events"
