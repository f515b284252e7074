"""A Falcon application behind `torii_backend.wsgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from tests.adapters.application import respond
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = falcon.App()
    app.add_sink(_sink)
    guarded = AuthMiddleware(app, **options)

    def call(request: Request) -> Response:
        return call_wsgi(guarded, request)

    return call


def _sink(req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
    resp.stream = respond(req.path, req.env["torii.auth"])
