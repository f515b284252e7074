"""The control plane: the emulator's own endpoints, through which tests steer it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Optional
from urllib.parse import urlsplit

import msgspec
from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.body import read_body
from torii_backend.emulator.outage import OutageMode
from torii_backend.emulator.rest.addresses import is_origin
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import SignIn
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tenant_host import device
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID
from torii_backend.settings import is_loopback

PREFIX = "/_emulator/"


class Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request body; on its own, the one of an endpoint that takes no arguments."""


class _TokenRequest(Body):
    user_id: str = DEFAULT_USER_ID
    claims: dict[str, Any] = {}
    expires_in: int = DEFAULT_EXPIRES_IN


class _SessionRequest(Body):
    user_id: str
    active_organization_id: Optional[str] = None


class _RotateRequest(Body):
    withdraw: bool = False


class _OutageRequest(Body):
    mode: OutageMode
    seconds: Optional[float] = None


def routes(tenant: Tenant, sign_in: SignIn, reset_all: Callable[[], None]) -> list[Route]:
    """List the routes of the control plane but for those that make data.

    Args:
        tenant: the tenant host that is steered.
        sign_in: what makes tokens and sessions.
        reset_all: what `Emulator.reset` does.
    """

    def tokens(request: Request) -> Response:
        asked = read_body(request, _TokenRequest)
        with bad_values_refused():
            issued = sign_in.issue_token(
                asked.user_id, claims=asked.claims, expires_in=asked.expires_in
            )
        return json_answer(issued)

    def sessions(request: Request) -> Response:
        asked = read_body(request, _SessionRequest)
        with bad_values_refused():
            session, issued = sign_in.start_session(
                asked.user_id,
                active_organization_id=asked.active_organization_id,
                device=device(request),
            )
        return json_answer({**msgspec.to_builtins(session), "accessToken": issued.access_token})

    def rotate(request: Request) -> Response:
        asked = read_body(request, _RotateRequest)
        return json_answer({"kid": tenant.rotate_keys(withdraw=asked.withdraw)})

    def outage(request: Request) -> Response:
        asked = read_body(request, _OutageRequest)
        with bad_values_refused():
            tenant.outage(asked.mode, seconds=asked.seconds)
        return json_answer({})

    def reset(request: Request) -> Response:
        read_body(request, Body)
        reset_all()
        return json_answer({})

    return [
        Route("/_emulator/tokens", ("POST",), tokens),
        Route("/_emulator/sessions", ("POST",), sessions),
        Route("/_emulator/keys/rotate", ("POST",), rotate),
        Route("/_emulator/outage", ("POST",), outage),
        Route("/_emulator/reset", ("POST",), reset),
    ]


def check_page(request: Request) -> None:
    """See that a request comes from no web page, or from one of this machine.

    Raises:
        Forbidden: it comes from a page of another host, or of none that is known.
    """
    page = request.headers.get("Origin")
    if page is not None and not (is_origin(page) and is_loopback(urlsplit(page).hostname)):
        raise Forbidden


@contextmanager
def bad_values_refused() -> Generator[None, None, None]:
    """Answer 400 for a value that is refused with a ValueError, under its name on the wire."""
    try:
        yield
    except ValueError as error:
        argument, _, requirement = str(error).partition(" ")
        first, *others = argument.split("_")
        field = first + "".join(word.capitalize() for word in others)
        raise BadRequest(f"{field} {requirement}") from None
