"""Falcon's router, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    app = falcon.App()
    app.add_route("/me", _Resource(SECRET))
    app.add_route("/health", _Resource(OPEN))
    app.add_route("/public/{rest:path}", _Resource(OPEN))
    guarded = AuthMiddleware(app, **options)

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(guarded), request)

    return call


class _Resource:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def on_get(self, _: falcon.Request, resp: falcon.Response, **__: Any) -> None:
        resp.data = self._body
