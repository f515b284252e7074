"""A Flask application that `Torii(app)` guards as a whole."""

from __future__ import annotations

from flask import Flask, request

from tests.adapters.delivery import Serve, serve_wsgi
from torii_backend import Events
from torii_backend.flask import Torii, receive

ISSUER = "https://acme.torii.so"


def build(events: Events, *, consumed: bool = False) -> Serve:
    app = Flask("receiving", static_folder=None)
    Torii(app, issuer=ISSUER)
    app.post("/torii/events")(receive(events))
    if consumed:
        app.before_request(_parse)
    return serve_wsgi(app)


def _parse() -> None:
    assert request.form is not None
