# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples asgi_app:app --port 8000
"""Guard a bare ASGI app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import json
from typing import Any

from torii_backend.asgi import AuthMiddleware


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Return who is signed in, or null on an exempt path."""
    if scope["type"] != "http":
        return
    auth = scope["torii.auth"]
    body = json.dumps({"user_id": auth.user_id if auth else None}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = AuthMiddleware(application, exempt=["/health"])
