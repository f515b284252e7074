"""`on_error`: sees each refusal, and may replace its response."""

from __future__ import annotations

from typing import Optional

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import (
    IncomingRequest,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    ToriiAuthError,
)
from torii_backend._guard.refusal import RefusalResponse

_JSON = ("Content-Type", "application/json")


class Listener:
    """An `on_error` that takes notes and always returns the same."""

    def __init__(self, response: Optional[RefusalResponse] = None) -> None:
        self.seen: list[ToriiAuthError] = []
        self._response = response

    def __call__(self, refusal: ToriiAuthError) -> Optional[RefusalResponse]:
        self.seen.append(refusal)
        return self._response


@behaviour
def on_error_sees_every_kind_of_refusal(guard: Guard) -> None:
    listener = Listener()
    down = guard.issuers.down
    expired = bearer(guard.issuers.token(expires_in=-3600))
    undecided = bearer(down.issue_token().access_token)
    guard.refuses(Request(), "no_credentials", on_error=listener)
    guard.refuses(authorization("Bearer"), "malformed_credentials", on_error=listener)
    guard.refuses(expired, "expired", on_error=listener)
    guard.refuses(undecided, "keys_unavailable", on_error=listener, issuer=down.issuer)
    kinds = [MissingCredentials, InvalidRequest, InvalidToken, KeysUnavailable]
    assert [type(refusal) for refusal in listener.seen] == kinds
    reasons = ["missing_credentials", "invalid_request", "expired", "keys_unavailable"]
    assert [refusal.reason for refusal in listener.seen] == reasons


@behaviour
def on_error_is_not_called_for_requests_that_pass(guard: Guard) -> None:
    listener = Listener()
    guard.admits(guard.good(), on_error=listener)
    guard.admits(Request("/health"), None, exempt=["/health"], on_error=listener)
    guard.admits(Request(), None, required=False, on_error=listener)
    assert listener.seen == []


@behaviour
def on_error_may_take_the_request(guard: Guard) -> None:
    seen: list[tuple[str, str, str]] = []

    def listen(refusal: ToriiAuthError, request: IncomingRequest) -> None:
        seen.append((refusal.reason, request.method, request.path))

    guard.refuses(Request("/some/path", method="PUT"), "no_credentials", on_error=listen)
    assert seen == [("missing_credentials", "PUT", "/some/path")]


@behaviour
def on_error_may_replace_the_response(guard: Guard) -> None:
    """Frameworks treat redirects, and codes that they don't know, in ways of their own."""
    body = b'{"sign_in":"/login"}'
    for status in (302, 404, 418, 499, 500):
        more = (("X-Reason", "sign in"), ("Location", "/login"))
        own = RefusalResponse(status, (_JSON, *more), body)
        response = guard.call(Request(), on_error=Listener(own))
        assert (response.status, response.header("location")) == (status, "/login")
        assert response.body == guard.enveloped(body)
        assert response.header("content-type") == "application/json"
        assert response.header("x-reason") == "sign in"
        assert response.header("www-authenticate") is None


@behaviour
def every_header_of_a_replaced_response_is_sent(guard: Guard) -> None:
    cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    own = RefusalResponse(401, (_JSON, *cookies), b"{}")
    response = guard.call(Request(), on_error=Listener(own))
    sent = sorted(value for name, value in response.headers if name == "set-cookie")
    assert [value.partition(";")[0].strip() for value in sent] == ["a=1", "b=2"]


@behaviour
def a_replaced_response_does_not_reach_the_application(guard: Guard) -> None:
    own = RefusalResponse(200, (_JSON,), b'{"nothing":"here"}')
    response = guard.call(Request("/boom"), on_error=Listener(own))
    assert (response.status, response.body) == (200, guard.enveloped(b'{"nothing":"here"}'))


def fail(refusal: ToriiAuthError) -> Optional[RefusalResponse]:
    raise Crash


@behaviour
def an_on_error_that_fails_does_not_reach_the_application(guard: Guard) -> None:
    assert guard.call(Request(), on_error=fail).status == 500
    guard.forgets(Request(), 500, on_error=fail)
    guard.admits(guard.good(), on_error=fail)
