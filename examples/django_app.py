# TORII_ISSUER=http://127.0.0.1:4100 python examples/django_app.py runserver --noreload 8000
"""Guard a Django project. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.urls import path

from torii_backend import current_auth


def me(request: HttpRequest) -> JsonResponse:
    """Return who is signed in, or null on an exempt path."""
    # request.auth is the same object, but type checkers know only current_auth().
    auth = current_auth()
    return JsonResponse({"user_id": auth.user_id if auth else None})


urlpatterns = [path("me", me), path("health", me)]

if __name__ == "__main__":
    settings.configure(
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for this example",
        ALLOWED_HOSTS=["127.0.0.1"],
        # The app checks the settings at start; the middleware guards every view.
        INSTALLED_APPS=["torii_backend.django"],
        MIDDLEWARE=["torii_backend.django.AuthMiddleware"],
        # Add "ISSUER" here, or set TORII_ISSUER.
        TORII={"EXEMPT": ["/health"]},
    )
    execute_from_command_line(sys.argv)
