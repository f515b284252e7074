"""The admin API: endpoints with which tests control the emulator over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Optional

import msgspec
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import read_body
from torii_backend.emulator.outage import OutageMode, OutageTarget
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import SignIn
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tenant_host import device_of
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID


class Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request body. The base class is the body of an endpoint without arguments."""


class _TokenRequest(Body):
    user_id: str = DEFAULT_USER_ID
    claims: dict[str, Any] = {}
    expires_in: int = DEFAULT_EXPIRES_IN


class _SessionRequest(Body):
    user_id: str
    active_organization_id: Optional[str] = None
    claims: dict[str, Any] = {}


class _RotateRequest(Body):
    withdraw: bool = False


class _OutageRequest(Body):
    mode: OutageMode
    seconds: Optional[float] = None
    target: OutageTarget = "tenant_host"


class _ClockRequest(Body):
    advance: float


class AdminApi:
    """The endpoints for tokens, sessions, keys, outages, the clock and the reset."""

    def __init__(self, tenant: Tenant, sign_in: SignIn, reset_all: Callable[[], None]) -> None:
        self._tenant = tenant
        self._sign_in = sign_in
        self._reset_all = reset_all

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/_emulator/tokens", self._tokens),
            Route("POST", "/_emulator/sessions", self._sessions),
            Route("POST", "/_emulator/keys/rotate", self._rotate),
            Route("POST", "/_emulator/outage", self._outage),
            Route("POST", "/_emulator/clock", self._clock),
            Route("POST", "/_emulator/reset", self._reset),
        ]

    def _tokens(self, request: Request) -> Response:
        body = read_body(request, _TokenRequest)
        with value_errors_as_400():
            issued = self._sign_in.issue_token(
                body.user_id, claims=body.claims, expires_in=body.expires_in
            )
        return json_response(issued)

    def _sessions(self, request: Request) -> Response:
        body = read_body(request, _SessionRequest)
        with value_errors_as_400():
            opened = self._sign_in.start_session(
                body.user_id,
                active_organization_id=body.active_organization_id,
                device=device_of(request),
                claims=body.claims,
            )
        return json_response(
            {
                **msgspec.to_builtins(opened.session),
                "accessToken": opened.issued.access_token,
                "sessionToken": opened.session_token,
            }
        )

    def _rotate(self, request: Request) -> Response:
        body = read_body(request, _RotateRequest)
        return json_response({"kid": self._tenant.rotate_keys(withdraw=body.withdraw)})

    def _outage(self, request: Request) -> Response:
        body = read_body(request, _OutageRequest)
        with value_errors_as_400():
            self._tenant.outage(body.mode, seconds=body.seconds, target=body.target)
        return json_response({})

    def _clock(self, request: Request) -> Response:
        body = read_body(request, _ClockRequest)
        try:
            return json_response({"now": self._tenant.clock.advance(body.advance)})
        except ValueError as error:
            raise BadRequest(str(error).replace("seconds", "advance")) from None

    def _reset(self, request: Request) -> Response:
        read_body(request, Body)
        self._reset_all()
        return json_response({})


@contextmanager
def value_errors_as_400() -> Generator[None, None, None]:
    """Turn a ValueError about an argument into a 400 that uses the name on the wire."""
    try:
        yield
    except ValueError as error:
        argument, _, requirement = str(error).partition(" ")
        first, *others = argument.split("_")
        field = first + "".join(word.capitalize() for word in others)
        raise BadRequest(f"{field} {requirement}") from None
