"""A bare WSGI application behind `torii_backend.wsgi.AuthMiddleware`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

from tests.adapters.application import respond
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

    from torii_backend.options import AuthOptions


def build(options: AuthOptions) -> Call:
    guarded = AuthMiddleware(validator(_app), **options)

    def call(request: Request) -> Response:
        return call_wsgi(guarded, request)

    return call


def _app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    chunks = respond(environ["PATH_INFO"], environ["torii.auth"])
    start_response("200 OK", [("Content-Type", "application/json")])
    return chunks
