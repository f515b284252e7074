"""Flask: Werkzeug's router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi
from torii_backend.flask import Torii

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = Flask("routed", static_folder=None)
    Torii(app, **options)
    app.add_url_rule("/me", "me", lambda: SECRET)
    app.add_url_rule("/health", "health", lambda: OPEN)
    app.add_url_rule("/public/<path:rest>", "public", lambda **_: OPEN)

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(app), request)

    return call
