"""Refusals and admissions are reported once each: to the log, and to those who observe."""

from __future__ import annotations

import logging
from typing import NoReturn, Optional

from jwt import get_unverified_header

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer
from tests.support.observed import all_logged, observed, refusals_logged
from torii_backend import Auth, PermissionDenied, RefusalResponse, ToriiAuthError
from torii_backend._guard.refusal_log import forget_refusals
from torii_backend.observing import Admitted, Refused, observe


@behaviour
def each_refusal_is_one_line_in_the_log(guard: Guard) -> None:
    app = guard.serving(role="admin")
    with refusals_logged() as lines:
        app(Request("/secret?token=canary", method="PUT"))
        app(authorization("Bearer"))
        app(bearer("a.b.c", method="DELETE"))
        app(bearer(guard.token(expires_in=-3600)))
        app(guard.good(method="POST"))
    assert lines == [
        f"DEBUG refused: missing_credentials 401 PUT {guard.adapter}",
        f"INFO refused: invalid_request 400 GET {guard.adapter}",
        f"INFO refused: malformed 401 DELETE {guard.adapter}",
        f"DEBUG refused: expired 401 GET {guard.adapter}",
        f"INFO refused: role 403 POST {guard.adapter}",
    ]


@behaviour
def each_refusal_is_reported_once(guard: Guard) -> None:
    with observed(Refused, Admitted) as heard:
        guard.refuses(authorization("Bearer"), "malformed_credentials")
        guard.refuses(bearer("a.b.c"), "malformed")
    assert heard.events == [
        Refused("invalid_request", 400, guard.adapter, "GET"),
        Refused("malformed", 401, guard.adapter, "GET"),
    ]


@behaviour
def a_report_has_the_status_that_on_error_chose(guard: Guard) -> None:
    with observed(Refused) as heard:
        guard.call(Request(), on_error=lambda _: RefusalResponse.redirect("/login"))
    assert heard.events == [Refused("missing_credentials", 302, guard.adapter, "GET")]


@behaviour
def each_admission_is_reported_with_the_auth(guard: Guard) -> None:
    app = guard.serving(required=False, exempt=["/health"])
    with observed(Refused, Admitted) as heard:
        app(guard.good())
        app(Request())
        app(Request("/health"))
    assert [event.auth.user_id for event in heard.events] == ["ada"]


@behaviour
def the_refusal_of_a_user_knows_the_auth(guard: Guard) -> None:
    known: list[Optional[Auth]] = []

    def listen(refusal: ToriiAuthError) -> None:
        assert isinstance(refusal, PermissionDenied)
        known.append(refusal.auth)

    guard.refuses(guard.good(), "role", role="admin", on_error=listen)
    guard.refuses(guard.good(), "check", check=_never, on_error=listen)
    assert [auth and auth.user_id for auth in known] == ["ada", "ada"]


@behaviour
def the_refusal_of_a_view_knows_the_auth(guard: Guard) -> None:
    known: list[Optional[Auth]] = []

    def listen(refusal: ToriiAuthError) -> None:
        assert isinstance(refusal, PermissionDenied)
        known.append(refusal.auth)

    with observed(Refused) as heard:
        guard.call(guard.good("/denied"), on_error=listen)
    assert [auth and auth.user_id for auth in known] == ["ada"]
    assert heard.events == [Refused("permission_denied", 403, guard.adapter, "GET")]


@behaviour
def nothing_that_a_client_sends_is_reported(guard: Guard) -> None:
    """Neither its token, path, query and claims nor the id of its key; of an Auth, its ids."""
    app = guard.serving(email_verified=True)
    canary = guard.token(email="canary@example.com", email_verified=False)
    good = guard.token(email="canary@example.com")
    target = "/canary/path?canary=query"
    with observed(Refused, Admitted) as heard, all_logged() as records:
        forget_refusals()
        app(Request(target))
        for token in ("canary", f"{canary[:-4]}AAAA", canary, good):
            app(bearer(token, target))
    reported = "\n".join([*map(repr, heard.events), *records])
    assert {type(event) for event in heard.events} == {Refused, Admitted}
    assert "refused: email_unverified 403" in reported
    kid = get_unverified_header(canary)["kid"]
    for secret in ("canary", kid, *canary.split("."), *good.split(".")):
        assert secret not in reported


@behaviour
def a_listener_that_raises_changes_no_response(guard: Guard) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("the listener failed")

    logger = logging.getLogger("torii_backend.observing")
    logger.disabled = True
    undo = observe(fail, Refused, Admitted)
    try:
        guard.admits(guard.good())
        guard.refuses(Request(), "no_credentials")
    finally:
        undo()
        logger.disabled = False


def _never(_: Auth) -> NoReturn:
    raise _DENIED


# An application may raise the same object again.
_DENIED = PermissionDenied("The signed-in user isn't allowed to do this.", "check")
