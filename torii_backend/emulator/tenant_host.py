"""The endpoints of the tenant host: key set and discovery, and how an outage distorts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.answers import error_answer, json_answer
from torii_backend.emulator.outage import Outage
from torii_backend.emulator.tenant import JWKS_PATH, Tenant

DISCOVERY_PATH = "/.well-known/openid-configuration"

_SLOW_SECONDS = 2.0
_PAGE = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"


def rules(tenant: Tenant) -> list[Rule]:
    """List the routes of the tenant host; each endpoint takes the request."""

    def serve(document: Callable[[], Any]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            outage = tenant.current_outage()
            if outage is None:
                return json_answer(document())
            return _distorted(request, outage, document)

        return endpoint

    return [
        Rule(JWKS_PATH, methods=["GET"], endpoint=serve(tenant.jwks)),
        Rule(DISCOVERY_PATH, methods=["GET"], endpoint=serve(tenant.discovery)),
    ]


def _distorted(request: Request, outage: Outage, document: Callable[[], Any]) -> Response:
    if outage.mode == "error":
        return error_answer(503, "unavailable", "The tenant host is out of order.")
    if outage.mode == "html":
        return Response(_PAGE, content_type="text/html; charset=utf-8")
    if outage.mode == "slow":
        outage.delay(_SLOW_SECONDS)
        return json_answer(document())
    if outage.mode == "hang":
        outage.wait()
    raise _drop(request)


def _drop(request: Request) -> ConnectionError:
    """Close the connection without an answer; werkzeug stays quiet about a ConnectionError."""
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("The emulated outage dropped the connection.")
