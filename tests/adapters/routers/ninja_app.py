"""django-ninja: Django's router, with the guard behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI

from tests.adapters.django_project import wsgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi
from torii_backend.ninja import ToriiBearer

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    api = NinjaAPI(
        auth=ToriiBearer(**options), openapi_url=None, urls_namespace=f"api-{uuid4().hex}"
    )
    api.get("/me")(_me)
    api.get("/health")(_health)
    api.get("/public/{path:rest}")(_public)
    handler = wsgi_handler_of((path("", api.urls),))

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(handler), request)

    return call


def _me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(SECRET)


def _health(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OPEN)


def _public(request: HttpRequest, rest: str) -> HttpResponse:
    return HttpResponse(OPEN)
