# TORII_ISSUER=http://127.0.0.1:4100 python examples/falcon_app.py 8000
"""Guard a Falcon app. Start a local Torii first: `torii emulator`."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

import falcon

from torii_backend.wsgi import AuthMiddleware


class Me:
    """A resource that returns who is signed in."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return who is signed in, or null on an exempt path."""
        auth = req.env["torii.auth"]
        resp.media = {"user_id": auth.user_id if auth else None}


application = falcon.App()
application.add_route("/me", Me())
application.add_route("/health", Me())

# The issuer comes from TORII_ISSUER. Every path but /health needs a token. For falcon.asgi.App use
# torii_backend.asgi.AuthMiddleware, and req.scope["torii.auth"].
app = AuthMiddleware(application, exempt=["/health"])

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app) as server:
        server.serve_forever()
