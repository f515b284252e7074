"""The endpoints of the tenant host, and how an outage distorts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import msgspec
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.answers import error_answer, json_answer
from torii_backend.emulator.body import read_body
from torii_backend.emulator.outage import Outage
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import Device, SignIn
from torii_backend.emulator.tenant import JWKS_PATH, REDEEM_PATH, Tenant

DISCOVERY_PATH = "/.well-known/openid-configuration"

_SLOW_SECONDS = 2.0
_PAGE = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"

_Endpoint = Callable[[Request], Response]


class _RedeemRequest(msgspec.Struct):
    token: str


def routes(tenant: Tenant, sign_in: SignIn) -> list[Route]:
    """List the routes of the tenant host; each endpoint takes the request."""

    def jwks(request: Request) -> Response:
        return json_answer(tenant.jwks())

    def discovery(request: Request) -> Response:
        return json_answer(tenant.discovery())

    def redeem(request: Request) -> Response:
        by_browser = request.method == "GET"
        token = request.args.get("token", "") if by_browser else _token(request)
        redeemed = sign_in.redeem(token, device(request))
        if redeemed is None:
            return error_answer(401, "invalid_token", "The token is unknown, spent or expired.")
        if by_browser and redeemed.landing_page is not None:
            return redirect(redeemed.landing_page)
        return json_answer(redeemed.issued)

    def serve(endpoint: _Endpoint) -> _Endpoint:
        def served(request: Request) -> Response:
            outage = tenant.current_outage()
            return endpoint(request) if outage is None else _distorted(request, outage, endpoint)

        return served

    return [
        Route(JWKS_PATH, ("GET",), serve(jwks)),
        Route(DISCOVERY_PATH, ("GET",), serve(discovery)),
        Route(REDEEM_PATH, ("GET", "POST"), serve(redeem)),
    ]


def device(request: Request) -> Device:
    """Tell where a request comes from."""
    return Device(request.headers.get("User-Agent"), request.remote_addr)


def _token(request: Request) -> str:
    return read_body(request, _RedeemRequest).token


def _distorted(request: Request, outage: Outage, endpoint: _Endpoint) -> Response:
    if outage.mode == "error":
        return error_answer(503, "unavailable", "The tenant host is out of order.")
    if outage.mode == "html":
        return Response(_PAGE, content_type="text/html; charset=utf-8")
    if outage.mode == "slow":
        outage.delay(_SLOW_SECONDS)
        return endpoint(request)
    if outage.mode == "hang":
        outage.wait()
    raise _drop(request)


def _drop(request: Request) -> ConnectionError:
    """Close the connection without an answer."""
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("The emulated outage dropped the connection.")
