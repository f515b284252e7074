# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples litestar_app:app --port 8000
"""Guard a Litestar app. Start a local Torii first: `torii emulator`."""

# No `from __future__ import annotations`: Litestar reads the annotations of the handlers.
from typing import Any, Optional

from litestar import Litestar, Request, get

from torii_backend.asgi import AuthMiddleware


@get(["/me", "/health"])
async def me(request: Request[Any, Any, Any]) -> dict[str, Optional[str]]:
    """Return who is signed in, or null on an exempt path."""
    auth = request.state.auth
    return {"user_id": auth.user_id if auth else None}


# Around the whole app, because Litestar's own middleware runs after its router rewrites paths.
# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = AuthMiddleware(Litestar([me]), exempt=["/health"])
