# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples starlette_app:app --port 8000
"""Guard a Starlette app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from torii_backend.asgi import AuthMiddleware


async def me(request: Request) -> JSONResponse:
    """Return who is signed in, or null on an exempt path."""
    auth = request.state.auth
    return JSONResponse({"user_id": auth.user_id if auth else None})


# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = Starlette(
    routes=[Route("/me", me), Route("/health", me)],
    middleware=[Middleware(AuthMiddleware, exempt=["/health"])],
)
