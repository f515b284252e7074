"""An async operation of django-ninja behind `ToriiBearer`, under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tests.adapters.application import is_streamed, joined, respond_async
from tests.adapters.django_project import asgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.ninja_project import injected, urls_of
from tests.adapters.transport import AsyncCall, call_asgi

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> AsyncCall:
    handler = asgi_handler_of(urls_of(_operation, options))

    async def call(request: Request) -> Response:
        return await call_asgi(handler, request)

    return call


async def _operation(request: HttpRequest, rest: str) -> HttpResponseBase:
    chunks = await respond_async(request.path_info, injected(request))
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(await joined(chunks), content_type="application/json")
