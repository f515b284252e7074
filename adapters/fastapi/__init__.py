"""Guard FastAPI routes with a dependency.

    auth_dep = require_auth(issuer="https://acme.torii.so")

    @app.get("/me")
    def me(auth: Annotated[Auth, Depends(auth_dep)]):
        return {"user_id": auth.user_id}

The Auth is the dependency's value, and `request.state.auth`. `FastAPI(responses=REFUSALS)` shows the
error responses of the guards in the OpenAPI document.
"""

from torii_backend.asgi.events import EventReceiver
from torii_backend.fastapi.dependency import RequireAuth, optional_auth, require_auth
from torii_backend.fastapi.resource import resource_router
from torii_backend.fastapi.response import REFUSALS
from torii_backend.fastapi.routes import unguarded_routes

__all__ = [  # noqa: RUF022 (the order of `sorted`)
    "EventReceiver",
    "REFUSALS",
    "RequireAuth",
    "optional_auth",
    "require_auth",
    "resource_router",
    "unguarded_routes",
]
