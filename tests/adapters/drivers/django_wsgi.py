"""A Django project behind its middleware, under WSGI, with a sync view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.adapters.django_project import MIDDLEWARE, view, wsgi_handler
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    torii = {name.upper(): value for name, value in options.items()}
    handler = wsgi_handler(view, MIDDLEWARE=[MIDDLEWARE], TORII=torii)

    def call(request: Request) -> Response:
        return call_wsgi(handler, request)

    return call
