"""Guard the views of Django REST framework.

    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    }
    TORII = {"ISSUER": "https://acme.torii.so"}

    class Invoices(APIView):
        permission_classes = [RequirePolicy(role="admin", organization="org_1")]

Views find the Auth in `request.auth`, and its user in `request.user`.
"""

from __future__ import annotations

from torii_backend._guard.context import current_auth
from torii_backend.django.routes import INSPECTORS
from torii_backend.drf.authentication import ToriiAuthentication
from torii_backend.drf.permissions import RequirePolicy
from torii_backend.drf.routes import inspect_view
from torii_backend.drf.user import ToriiUser

__all__ = ["RequirePolicy", "ToriiAuthentication", "ToriiUser", "current_auth"]

INSPECTORS.append(inspect_view)
