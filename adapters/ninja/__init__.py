"""Guard the operations of django-ninja.

    api = NinjaAPI(auth=ToriiBearer())

    @api.get("/invoices", auth=ToriiBearer(role="admin", organization="org_1"))
    def invoices(request):
        return {"user_id": request.auth.user_id}

Operations, sync or async, find the Auth in `request.auth`.
"""

from __future__ import annotations

from torii_backend._guard.context import current_auth
from torii_backend.django.routes import INSPECTORS
from torii_backend.ninja.bearer import ToriiBearer
from torii_backend.ninja.operations import extend_operations
from torii_backend.ninja.routes import inspect_view

extend_operations()
INSPECTORS.append(inspect_view)

__all__ = ["ToriiBearer", "current_auth"]
