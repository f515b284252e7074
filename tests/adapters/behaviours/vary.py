"""`Vary` names the header that carries the token on each response that depends on it."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization
from torii_backend import RefusalResponse, ToriiAuthError


class Custom:
    """An `on_error` whose response has a Vary already."""

    def __init__(self, vary: str) -> None:
        self._vary = vary

    def __call__(self, refusal: ToriiAuthError) -> RefusalResponse:
        return RefusalResponse.json(401, {"error": refusal.reason}, {"Vary": self._vary})


@behaviour
def a_response_to_a_user_varies(guard: Guard) -> None:
    for target in ("/me", "/stream"):
        assert guard.call(guard.good(target)).header("vary") == "Authorization"
    own = Request(headers=(("X-Torii-Token", f"Bearer {guard.token()}"),))
    assert guard.call(own, header="x-torii-token").header("vary") == "X-Torii-Token"


@behaviour
def a_response_to_nobody_varies_if_sign_in_is_optional(guard: Guard) -> None:
    app = guard.serving(required=False, exempt=["/health"])
    for request in (Request(), authorization("Basic YWRhOmFkYQ==")):
        assert app(request).header("vary") == "Authorization"
    assert app(Request("/health")).header("vary") is None


@behaviour
def an_exempt_response_and_that_to_a_preflight_do_not_vary(guard: Guard) -> None:
    app = guard.serving(exempt=["/health"])
    asks = (("Access-Control-Request-Method", "PUT"), ("Origin", "https://app.example"))
    for request in (Request("/health"), guard.good("/health"), Request("/me", asks, "OPTIONS")):
        response = app(request)
        assert (response.status, response.header("vary")) == (200, None)


@behaviour
def every_refusal_varies(guard: Guard) -> None:
    down = guard.issuers.down
    undecided = authorization(f"Bearer {down.issue_token().access_token}")
    responses = [
        guard.call(Request()),
        guard.call(authorization("Bearer ada")),
        guard.call(authorization("Bearer")),
        guard.call(guard.good(), role="admin"),
        guard.call(undecided, issuer=down.issuer),
    ]
    assert [response.status for response in responses] == [401, 401, 400, 403, 503]
    assert {response.header("vary") for response in responses} == {"Authorization"}


@behaviour
def what_on_error_returns_varies(guard: Guard) -> None:
    for vary, expected in {
        "Cookie": "Cookie, Authorization",
        "accept, authorization": "accept, authorization",
        "*": "*",
    }.items():
        assert guard.call(Request(), on_error=Custom(vary)).header("vary") == expected
