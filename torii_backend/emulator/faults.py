"""How endpoints misbehave during an outage."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Optional

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from torii_backend._keys.fetch import FetchError
from torii_backend.emulator.outage import Outage, OutageTarget
from torii_backend.emulator.routes import Route
from torii_backend.emulator.tenant import Tenant

_SLOW_SECONDS = 2.0
_PAGE = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"

_Endpoint = Callable[..., Response]


class Unavailable(HTTPException):
    """The response of an outage in mode `error`."""

    code: Optional[int] = 503
    description: Optional[str] = "Unavailable: an outage is simulated."


def with_outages(routes: Iterable[Route], tenant: Tenant, part: OutageTarget) -> list[Route]:
    """Return the routes of a part of the emulator, which its outages affect."""
    return [
        route._replace(endpoint=_with_outages(route.endpoint, tenant, part)) for route in routes
    ]


def _with_outages(endpoint: _Endpoint, tenant: Tenant, part: OutageTarget) -> _Endpoint:
    def respond(request: Request, **values: str) -> Response:
        outage = tenant.current_outage(part)
        if outage is not None:
            response = _misbehave(request, outage)
            if response is not None:
                return response
        return endpoint(request, **values)

    return respond


def _misbehave(request: Request, outage: Outage) -> Optional[Response]:
    """Return the response of an outage, or None if the endpoint responds."""
    if outage.mode == "error":
        raise Unavailable
    if outage.mode == "html":
        return Response(_PAGE, content_type="text/html; charset=utf-8")
    if outage.mode == "slow":
        outage.delay(_SLOW_SECONDS)
        return None
    if outage.mode == "hang":
        outage.wait()
    raise _drop(request)


def fetch_keys(tenant: Tenant, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
    """Return the JWKS as `_keys/fetch.py` would get it from the emulator, without HTTP."""
    outage = tenant.current_outage("tenant_host")
    if outage is not None:
        if outage.mode == "html":
            return _PAGE.encode(), {}
        if outage.mode == "error":
            raise FetchError("the response has status 503")
        if outage.mode == "refuse":
            raise FetchError("no usable response (ConnectionError)")
        outage.wait(timeout if outage.mode == "hang" else min(timeout, _SLOW_SECONDS))
        if outage.mode == "hang" or timeout < _SLOW_SECONDS:
            raise FetchError("the response took too long")
    return msgspec.json.encode(tenant.jwks()), {}


def _drop(request: Request) -> ConnectionError:
    """Close the connection without a response. Return the exception that ends the request."""
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("The emulated outage dropped the connection.")
