"""The app behind FastAPI: who is signed in, and what the REST API knows about them."""

from __future__ import annotations

from typing import Annotated, Optional

from fastapi import Depends, FastAPI

from torii_backend import AsyncToriiClient, Auth
from torii_backend.fastapi import require_auth

app = FastAPI()

# The settings come from the environment that compose.yaml sets.
auth_dep = require_auth()
torii = AsyncToriiClient()


@app.get("/me")
def me(auth: Annotated[Auth, Depends(auth_dep)]) -> dict[str, str]:
    """Return who is signed in."""
    return {"user_id": auth.user_id}


@app.get("/profile")
async def profile(auth: Annotated[Auth, Depends(auth_dep)]) -> dict[str, Optional[str]]:
    """Return what Torii knows about the user."""
    user = await torii.users.get(auth.user_id)
    return {"email": user.email, "first_name": user.first_name}
