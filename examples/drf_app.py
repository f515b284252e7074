# TORII_ISSUER=http://127.0.0.1:4100 python examples/drf_app.py runserver --noreload 8000
"""Guard views of Django REST framework. Start a local Torii first: `torii emulator`."""

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
        # The first one checks the settings at start.
        INSTALLED_APPS=["torii_backend.django", "rest_framework"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            # Django's AnonymousUser would need Django's user model.
            "UNAUTHENTICATED_USER": None,
        },
        # REST framework's browsable pages use these.
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        # Add "ISSUER" here, or set TORII_ISSUER.
        TORII={},
    )

# REST framework reads the settings on import. In a project with several files that needs no care.
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from torii_backend import current_auth
from torii_backend.drf import RequirePolicy


class Me(APIView):
    """Return who is signed in, or null without a token."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Serve GET."""
        # request.auth is the same object, but type checkers know only current_auth().
        auth = current_auth()
        return Response({"user_id": auth.user_id if auth else None})


class Admin(Me):
    """Respond to admins only."""

    permission_classes = (RequirePolicy(role="admin", organization="org_1"),)


class Health(Me):
    """Respond to everyone."""

    permission_classes = (AllowAny,)


urlpatterns: list[Any] = [
    path("me", Me.as_view()),
    path("admin", Admin.as_view()),
    path("health", Health.as_view()),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
