"""Guard a Django project, as a whole or view by view.

    INSTALLED_APPS = [..., "torii_backend.django"]      # checks the settings at start
    MIDDLEWARE = [..., "torii_backend.django.AuthMiddleware"]
    TORII = {"ISSUER": "https://acme.torii.so", "EXEMPT": ["/health"]}

Views find the Auth in `request.auth`. Behind the middleware, `@public` exempts individual views.
Without it, guard individual views by `@require_auth`, `@optional_auth` and `RequireAuthMixin`.
"""

from __future__ import annotations

from torii_backend._guard.context import current_auth
from torii_backend.django.decorators import optional_auth, require_auth
from torii_backend.django.events.inbox import Inbox
from torii_backend.django.events.receiver import receive
from torii_backend.django.middleware import AuthMiddleware
from torii_backend.django.mixins import RequireAuthMixin
from torii_backend.django.public import public
from torii_backend.django.resource import resource_urls
from torii_backend.django.routes import unguarded_routes

__all__ = [
    "AuthMiddleware",
    "Inbox",
    "RequireAuthMixin",
    "current_auth",
    "optional_auth",
    "public",
    "receive",
    "require_auth",
    "resource_urls",
    "unguarded_routes",
]
