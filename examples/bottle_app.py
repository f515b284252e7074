# TORII_ISSUER=http://127.0.0.1:4100 python examples/bottle_app.py 8000
"""Guard a Bottle app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import sys
from typing import Optional

from bottle import Bottle, request, run

from torii_backend.wsgi import AuthMiddleware


def me() -> dict[str, Optional[str]]:
    """Return who is signed in, or null on an exempt path."""
    auth = request.environ["torii.auth"]
    return {"user_id": auth.user_id if auth else None}


application = Bottle()
application.get(["/me", "/health"], callback=me)

# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = AuthMiddleware(application, exempt=["/health"])

if __name__ == "__main__":
    run(app, host="127.0.0.1", port=int(sys.argv[1]))
