"""The settings."""

from __future__ import annotations

SECRET_KEY = "only for this example"  # noqa: S105
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["torii_backend.django", "rest_framework", "users"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
TORII = {"ISSUER": "https://acme.torii.so", "USER_RESOLVER": "users.services.member_of"}
