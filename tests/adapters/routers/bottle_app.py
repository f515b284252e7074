"""Bottle's router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bottle import Bottle

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = Bottle()
    app.route("/me", "GET", lambda: SECRET)
    app.route("/health", "GET", lambda: OPEN)
    app.route("/public/<rest:path>", "GET", lambda **_: OPEN)
    guarded = AuthMiddleware(app, **options)

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(guarded), request)

    return call
