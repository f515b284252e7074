"""A Flask view guarded by `@require_auth`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, g, request, stream_with_context

from tests.adapters import messages
from tests.adapters.application import METHODS, respond
from tests.adapters.transport import Call, call_wsgi
from torii_backend.flask import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = Flask("guarded", static_folder=None)

    @app.route("/", defaults={"rest": ""}, methods=METHODS)
    @app.route("/<path:rest>", methods=METHODS)
    @require_auth(**options)
    def view(rest: str) -> Response:
        chunks = stream_with_context(respond(request.path, g.auth))
        return Response(chunks, mimetype="application/json")

    def call(request: messages.Request) -> messages.Response:
        return call_wsgi(app, request)

    return call
