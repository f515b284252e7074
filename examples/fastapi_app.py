# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples fastapi_app:app --port 8000
"""Guard FastAPI routes. Start a local Torii first: `torii emulator`."""

from typing import Annotated

from fastapi import Depends, FastAPI

from torii_backend import Auth
from torii_backend.fastapi import require_auth

app = FastAPI()

# The issuer comes from TORII_ISSUER. One dependency serves any number of routes and routers.
auth_dep = require_auth()


@app.get("/health")
def health() -> dict[str, None]:
    """Respond to everyone: this route has no guard."""
    return {"user_id": None}


@app.get("/me")
def me(auth: Annotated[Auth, Depends(auth_dep)]) -> dict[str, str]:
    """Return who is signed in."""
    return {"user_id": auth.user_id}
