"""A sync Django view guarded by `@require_auth`, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.adapters.django_project import view, wsgi_handler
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.django import require_auth

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


def build(options: GuardOptions) -> Call:
    handler = wsgi_handler(require_auth(**options)(view))

    def call(request: Request) -> Response:
        return call_wsgi(handler, request)

    return call
