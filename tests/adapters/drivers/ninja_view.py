"""A sync operation of django-ninja behind `ToriiBearer`, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tests.adapters.application import is_streamed, respond
from tests.adapters.django_project import wsgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.ninja_project import injected, urls_of
from tests.adapters.transport import Call, call_wsgi

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    handler = wsgi_handler_of(urls_of(_operation, options))

    def call(request: Request) -> Response:
        return call_wsgi(handler, request)

    return call


def _operation(request: HttpRequest, rest: str) -> HttpResponseBase:
    chunks = respond(request.path_info, injected(request))
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(b"".join(chunks), content_type="application/json")
