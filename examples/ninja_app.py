# TORII_ISSUER=http://127.0.0.1:4100 python examples/ninja_app.py runserver --noreload 8000
"""Guard operations of django-ninja. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import sys
from typing import Optional

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest
from django.urls import path

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for this example",
        ALLOWED_HOSTS=["127.0.0.1"],
        # Checks the settings at start.
        INSTALLED_APPS=["torii_backend.django"],
        # Add "ISSUER" here, or set TORII_ISSUER.
        TORII={},
    )

# django-ninja reads the settings on import. In a project with several files that needs no care.
from ninja import NinjaAPI

from torii_backend import current_auth
from torii_backend.ninja import ToriiBearer

api = NinjaAPI(auth=ToriiBearer())


@api.get("/me")
def me(request: HttpRequest) -> dict[str, Optional[str]]:
    """Return who is signed in."""
    # request.auth is the same object, but type checkers know only current_auth().
    auth = current_auth()
    return {"user_id": auth.user_id if auth else None}


@api.get("/admin", auth=ToriiBearer(role="admin", organization="org_1"))
async def admin(request: HttpRequest) -> dict[str, Optional[str]]:
    """Respond to admins only."""
    return me(request)


@api.get("/health", auth=None)
def health(request: HttpRequest) -> dict[str, None]:
    """Respond to everyone."""
    return {"user_id": None}


urlpatterns = [path("", api.urls)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
