"""The endpoints of the tenant host, and how an outage distorts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import msgspec
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import read_body
from torii_backend.emulator.outage import Outage
from torii_backend.emulator.responses import error_response, json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import Device, SignIn
from torii_backend.emulator.tenant import JWKS_PATH, REDEEM_PATH, Tenant

_DISCOVERY_PATH = "/.well-known/openid-configuration"
_SLOW_SECONDS = 2.0
_PAGE = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"

_Endpoint = Callable[[Request], Response]


class _RedeemRequest(msgspec.Struct):
    token: str


class TenantHost:
    """The endpoints of the tenant host.

    Args:
        tenant: whose keys and addresses are published, and whose outages count.
        sign_in: what redeems impersonation tokens.
    """

    def __init__(self, tenant: Tenant, sign_in: SignIn) -> None:
        self._tenant = tenant
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        """List the routes; each endpoint takes the request."""
        return [
            Route(JWKS_PATH, ("GET",), self._with_outage(self._jwks)),
            Route(_DISCOVERY_PATH, ("GET",), self._with_outage(self._discovery)),
            Route(REDEEM_PATH, ("GET", "POST"), self._with_outage(self._redeem)),
        ]

    def _with_outage(self, endpoint: _Endpoint) -> _Endpoint:
        def served(request: Request) -> Response:
            outage = self._tenant.current_outage()
            return (
                endpoint(request)
                if outage is None
                else _respond_during_outage(request, outage, endpoint)
            )

        return served

    def _jwks(self, _: Request) -> Response:
        return json_response(self._tenant.jwks())

    def _discovery(self, _: Request) -> Response:
        return json_response(self._tenant.discovery())

    def _redeem(self, request: Request) -> Response:
        by_browser = request.method == "GET"
        token = request.args.get("token", "") if by_browser else _token(request)
        redeemed = self._sign_in.redeem(token, device_of(request))
        if redeemed is None:
            return error_response(401, "invalid_token", "The token is unknown, spent or expired.")
        if by_browser and redeemed.landing_page is not None:
            return redirect(redeemed.landing_page)
        return json_response(redeemed.issued)


def device_of(request: Request) -> Device:
    """Tell where a request comes from."""
    return Device(request.headers.get("User-Agent"), request.remote_addr)


def _token(request: Request) -> str:
    return read_body(request, _RedeemRequest).token


def _respond_during_outage(request: Request, outage: Outage, endpoint: _Endpoint) -> Response:
    if outage.mode == "error":
        return error_response(503, "unavailable", "The tenant host is out of order.")
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
