# TORII_ISSUER=http://127.0.0.1:4100 python examples/pyramid_app.py 8000
"""Guard a Pyramid app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import sys
from typing import Optional
from wsgiref.simple_server import make_server

from pyramid.config import Configurator
from pyramid.request import Request

from torii_backend.wsgi import AuthMiddleware


def me(request: Request) -> dict[str, Optional[str]]:
    """Return who is signed in, or null on an exempt path."""
    auth = request.environ["torii.auth"]
    return {"user_id": auth.user_id if auth else None}


with Configurator() as config:
    for name in ("me", "health"):
        config.add_route(name, f"/{name}")
        config.add_view(me, route_name=name, renderer="json")
    # The issuer comes from TORII_ISSUER. Every path but /health needs a token.
    app = AuthMiddleware(config.make_wsgi_app(), exempt=["/health"])

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app) as server:
        server.serve_forever()
