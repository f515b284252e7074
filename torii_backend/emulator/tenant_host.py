"""The endpoints of the tenant host."""

from __future__ import annotations

import msgspec
from werkzeug.exceptions import BadRequest
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import read_body
from torii_backend.emulator.front.session_cookie import set_session_cookies
from torii_backend.emulator.responses import error_response, json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import Device, SignIn
from torii_backend.emulator.tenant import JWKS_PATH, REDEEM_PATH, Tenant

_DISCOVERY_PATH = "/.well-known/openid-configuration"


class _RedeemRequest(msgspec.Struct):
    token: str


class TenantHost:
    """The endpoints of the tenant host."""

    def __init__(self, tenant: Tenant, sign_in: SignIn) -> None:
        self._tenant = tenant
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", JWKS_PATH, self._jwks),
            Route("GET", _DISCOVERY_PATH, self._discovery),
            Route("GET", REDEEM_PATH, self._redeem_in_browser),
            Route("POST", REDEEM_PATH, self._redeem),
        ]

    def _jwks(self, _: Request) -> Response:
        return json_response(self._tenant.jwks())

    def _discovery(self, _: Request) -> Response:
        return json_response(self._tenant.discovery())

    def _redeem(self, request: Request) -> Response:
        token = read_body(request, _RedeemRequest).token
        redeemed = self._sign_in.redeem(token, device_of(request))
        return _invalid_token() if redeemed is None else json_response(redeemed.opened.issued)

    def _redeem_in_browser(self, request: Request) -> Response:
        require_visit(request)
        redeemed = self._sign_in.redeem(request.args.get("token", ""), device_of(request))
        if redeemed is None:
            return _invalid_token()
        if redeemed.landing_page is None:
            response: Response = json_response(redeemed.opened.issued)
        else:
            response = redirect(redeemed.landing_page)
        set_session_cookies(response, redeemed.opened, secure=self._sign_in.secure_cookies)
        return response


def device_of(request: Request) -> Device:
    """Return the device that a request comes from."""
    return Device(request.headers.get("User-Agent"), request.remote_addr)


def require_visit(request: Request) -> None:
    """Raise a 400 for a link preview or a prefetch, which must not use up a ticket or a token."""
    prefetches = "prefetch" in request.headers.get("Sec-Purpose", "")
    if request.method == "HEAD" or prefetches:
        raise BadRequest("Send GET, and not to prefetch: this page uses up its link.")


def _invalid_token() -> Response:
    return error_response(401, "invalid_token", "The token is unknown, already used or expired.")
