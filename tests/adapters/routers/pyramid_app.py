"""Pyramid's router."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyramid.request
import pyramid.response
from pyramid.config import Configurator

from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import FAILED, Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    with Configurator() as config:
        for route, pattern, body in (
            ("me", "/me", SECRET),
            ("health", "/health", OPEN),
            ("public", "/public/{rest:.*}", OPEN),
        ):
            config.add_route(route, pattern)
            config.add_view(_answering(body), route_name=route)
        guarded = AuthMiddleware(config.make_wsgi_app(), **options)

    def call(request: Request) -> Response:
        try:
            return call_wsgi(mounted_wsgi(guarded), request)
        except UnicodeDecodeError:  # Pyramid's answer to a path that is not UTF-8
            return FAILED

    return call


def _answering(body: bytes) -> object:
    def view(request: pyramid.request.Request) -> pyramid.response.Response:
        return pyramid.response.Response(body)

    return view
