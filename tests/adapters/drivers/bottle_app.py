"""A Bottle application behind `torii_backend.wsgi.AuthMiddleware`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bottle import Bottle, request, response

from tests.adapters.application import METHODS, respond
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = Bottle()
    app.route("/<rest:re:.*>", list(METHODS), _view)
    guarded = AuthMiddleware(app, **options)

    def call(request: Request) -> Response:
        return call_wsgi(guarded, request)

    return call


def _view(rest: str) -> Iterable[bytes]:
    response.content_type = "application/json"
    return respond(request.path, request.environ["torii.auth"])
