# TORII_ISSUER=http://127.0.0.1:4100 python examples/drf_app.py runserver --noreload 8000
"""Guard views of Django REST framework. Start a local Torii first: `python -m torii_backend emulator`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import execute_from_command_line
from django.urls import path

if TYPE_CHECKING:
    from rest_framework.request import Request

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for this example",
        ALLOWED_HOSTS=["127.0.0.1"],
        # The first checks the settings at start.
        INSTALLED_APPS=["torii_backend.django", "rest_framework"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            # Django's own AnonymousUser would need Django's own users.
            "UNAUTHENTICATED_USER": None,
        },
        # In these REST framework shows its answers to browsers.
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        # "ISSUER" may stand here; left out, it comes from TORII_ISSUER.
        TORII={},
    )

# REST framework reads the settings while it is imported; a project of several files need not care.
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from torii_backend import current_auth
from torii_backend.drf import RequirePolicy


class Me(APIView):
    """Answer who is signed in; to anybody else that is nobody."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Serve GET."""
        # request.auth is the same object; current_auth() is the one that type checkers know.
        auth = current_auth()
        return Response({"user_id": auth.user_id if auth else None})


class Admin(Me):
    """Answer admins."""

    permission_classes = (RequirePolicy(role="admin"),)


class Health(Me):
    """Answer anybody."""

    permission_classes = (AllowAny,)


urlpatterns: list[Any] = [
    path("me", Me.as_view()),
    path("admin", Admin.as_view()),
    path("health", Health.as_view()),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
