# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples quart_app:app --port 8000
"""Guard a Quart app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

from typing import Optional

from quart import Quart

from torii_backend import current_auth
from torii_backend.asgi import AuthMiddleware

app = Quart(__name__)

# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app.asgi_app = AuthMiddleware(app.asgi_app, exempt=["/health"])  # type: ignore[assignment,method-assign]


@app.get("/me")
@app.get("/health")
async def me() -> dict[str, Optional[str]]:
    """Return who is signed in, or null on an exempt path."""
    # request.scope["torii.auth"] is the same object, but type checkers know only current_auth().
    auth = current_auth()
    return {"user_id": auth.user_id if auth else None}
