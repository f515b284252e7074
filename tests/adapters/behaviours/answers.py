"""`on_error`: hears of each refusal, and may answer in its own way."""

from __future__ import annotations

from typing import Optional

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import (
    IncomingRequest,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    ToriiAuthError,
)
from torii_backend._guard.refusal import RefusalResponse, refusal_response

_JSON = ("Content-Type", "application/json")


class Listener:
    """An `on_error` that takes notes and gives one answer."""

    def __init__(self, answer: Optional[RefusalResponse] = None) -> None:
        self.heard: list[ToriiAuthError] = []
        self._answer = answer

    def __call__(self, refusal: ToriiAuthError) -> Optional[RefusalResponse]:
        self.heard.append(refusal)
        return self._answer


@behaviour
def on_error_hears_of_every_kind_of_refusal(guard: Guard) -> None:
    listener = Listener()
    down = guard.issuers.down
    expired = bearer(guard.issuers.token(expires_in=-3600))
    unjudged = bearer(down.issue_token().access_token)
    guard.refuses(Request(), "no_credentials", on_error=listener)
    guard.refuses(authorization("Bearer"), "malformed_credentials", on_error=listener)
    guard.refuses(expired, "expired", on_error=listener)
    guard.refuses(unjudged, "keys_unavailable", on_error=listener, issuer=down.issuer)
    kinds = [MissingCredentials, InvalidRequest, InvalidToken, KeysUnavailable]
    assert [type(refusal) for refusal in listener.heard] == kinds
    reasons = ["missing_credentials", "invalid_request", "expired", "keys_unavailable"]
    assert [refusal.reason for refusal in listener.heard] == reasons


@behaviour
def on_error_does_not_hear_of_requests_that_pass(guard: Guard) -> None:
    listener = Listener()
    guard.admits(guard.good(), on_error=listener)
    guard.admits(Request("/health"), None, exempt=["/health"], on_error=listener)
    guard.admits(Request(), None, required=False, on_error=listener)
    assert listener.heard == []


@behaviour
def the_standard_response_changes_nothing(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", on_error=refusal_response)


@behaviour
def on_error_may_take_the_request(guard: Guard) -> None:
    heard: list[tuple[str, str, str]] = []

    def listen(refusal: ToriiAuthError, request: IncomingRequest) -> None:
        heard.append((refusal.reason, request.method, request.path))

    guard.refuses(Request("/some/path", method="PUT"), "no_credentials", on_error=listen)
    assert heard == [("missing_credentials", "PUT", "/some/path")]


@behaviours(teapot=418, hidden=404, unregistered=499, server=500)
def on_error_may_replace_the_answer(guard: Guard, status: int) -> None:
    body = b'{"sign_in":"/login"}'
    mine = RefusalResponse(status, (_JSON, ("X-Reason", "sign in")), body)
    response = guard.call(Request(), on_error=Listener(mine))
    assert response.status == status
    assert response.body == guard.enveloped(body)
    assert response.header("content-type") == "application/json"
    assert response.header("x-reason") == "sign in"
    assert response.header("www-authenticate") is None


@behaviour
def on_error_may_send_the_user_to_a_login_page(guard: Guard) -> None:
    body = b'{"see":"/login"}'
    mine = RefusalResponse(302, (_JSON, ("Location", "/login")), body)
    response = guard.call(Request(), on_error=Listener(mine))
    assert (response.status, response.header("location")) == (302, "/login")


@behaviour
def every_header_of_a_replaced_answer_is_sent(guard: Guard) -> None:
    cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    mine = RefusalResponse(401, (_JSON, *cookies), b"{}")
    response = guard.call(Request(), on_error=Listener(mine))
    sent = sorted(value for name, value in response.headers if name == "set-cookie")
    assert [value.partition(";")[0].strip() for value in sent] == ["a=1", "b=2"]


@behaviour
def a_replaced_answer_does_not_let_the_request_in(guard: Guard) -> None:
    mine = RefusalResponse(200, (_JSON,), b'{"nothing":"here"}')
    response = guard.call(Request("/boom"), on_error=Listener(mine))
    assert (response.status, response.body) == (200, guard.enveloped(b'{"nothing":"here"}'))


def fail(refusal: ToriiAuthError) -> Optional[RefusalResponse]:
    raise Crash


@behaviour
def an_on_error_that_fails_does_not_let_the_request_in(guard: Guard) -> None:
    assert guard.call(Request(), on_error=fail).status == 500
    guard.forgets(Request(), 500, on_error=fail)
    guard.admits(guard.good(), on_error=fail)
