"""A Pyramid application behind `torii_backend.wsgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyramid.request
import pyramid.response
from pyramid.config import Configurator

from tests.adapters.application import respond
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    with Configurator() as config:
        config.add_route("any", "/{rest:.*}")
        config.add_view(_view, route_name="any")
        guarded = AuthMiddleware(config.make_wsgi_app(), **options)

    def call(request: Request) -> Response:
        return call_wsgi(guarded, request)

    return call


def _view(request: pyramid.request.Request) -> pyramid.response.Response:
    chunks = respond(request.path_info, request.environ["torii.auth"])
    return pyramid.response.Response(app_iter=chunks, content_type="application/json")
