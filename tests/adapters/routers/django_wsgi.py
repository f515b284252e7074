"""Django's router, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.adapters.django_project import MIDDLEWARE, wsgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    torii = {name.upper(): value for name, value in options.items()}
    handler = wsgi_handler_of(ROUTES, MIDDLEWARE=[MIDDLEWARE], TORII=torii)

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(handler), request)

    return call


def _me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(SECRET)


def _public(request: HttpRequest, **_: Any) -> HttpResponse:
    return HttpResponse(OPEN)


ROUTES = (path("me", _me), path("health", _public), path("public/<path:rest>", _public))
