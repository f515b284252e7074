"""A WSGI application at one path, below the guard of the whole."""

from __future__ import annotations

from typing import Any

from tests.adapters.delivery import Serve, serve_wsgi
from torii_backend import Events
from torii_backend.wsgi import AuthMiddleware, EventReceiver

ISSUER = "https://acme.torii.so"


def build(events: Events, *, consumed: bool = False) -> Serve:
    receiver = EventReceiver(events)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if consumed:
            environ["wsgi.input"].read()
        return receiver(environ, start_response)

    return serve_wsgi(AuthMiddleware(app, issuer=ISSUER, exempt=["/torii/events"]))
