# TORII_ISSUER=http://127.0.0.1:4100 python examples/wsgi_app.py 8000
"""Guard a bare WSGI app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Return who is signed in, or null on an exempt path."""
    auth = environ["torii.auth"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"user_id": auth.user_id if auth else None}).encode()]


# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = AuthMiddleware(application, exempt=["/health"])

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app) as server:
        server.serve_forever()
