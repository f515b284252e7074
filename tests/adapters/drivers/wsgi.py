"""A bare WSGI application behind `torii_backend.wsgi.AuthMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from wsgiref.validate import validator

from tests.adapters import bare
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    guarded = AuthMiddleware(validator(bare.wsgi), **options)

    def call(request: Request) -> Response:
        return call_wsgi(guarded, request)

    return call
