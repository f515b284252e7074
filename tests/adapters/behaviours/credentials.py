"""Which headers carry a bearer token, and how the others are refused."""

from __future__ import annotations

from tests.adapters.application import METHODS
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization


@behaviour
def a_request_without_credentials_is_refused(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials")


@behaviour
def credentials_of_another_scheme_count_as_none(guard: Guard) -> None:
    for value in ("", "Basic YWRhOnNlY3JldA==", "BearerX token"):
        guard.refuses(authorization(value), "no_credentials")


@behaviour
def malformed_bearer_credentials_are_refused(guard: Guard) -> None:
    for value in ("Bearer", "Bearer ", "Bearer a b", 'Bearer "a"', "Bearer t\u00f6ken"):
        guard.refuses(authorization(value), "malformed_credentials")


@behaviour
def two_authorization_headers_are_refused(guard: Guard) -> None:
    good = f"Bearer {guard.token()}"
    app = guard.serving()
    for values in (
        (good, good),
        (good, "Bearer x"),
        (good, "Basic YWRhOmFkYQ=="),
        ("Basic YWRhOmFkYQ==", good),
        (good, ""),
    ):
        response = app(authorization(*values))
        assert response.status == 400, values
        challenge = response.header("www-authenticate")
        assert challenge is not None and 'error="invalid_request"' in challenge
        # Joined by the server, two tokens look like one malformed token: the sentence may differ.
        said = "malformed" if "malformed" in challenge else "several"
        guard.assert_refused(response, f"{said}_credentials")


@behaviour
def credentials_that_a_proxy_joined_are_refused(guard: Guard) -> None:
    token = guard.token()
    guard.refuses(authorization(f"Bearer {token}, Bearer {token}"), "malformed_credentials")
    guard.refuses(authorization(f"Basic YWRhOmFkYQ==, Bearer {token}"), "several_credentials")


@behaviour
def the_header_and_the_scheme_count_in_any_case(guard: Guard) -> None:
    app = guard.serving()
    for name, scheme in (("authorization", "bearer"), ("AUTHORIZATION", "BEARER")):
        guard.assert_admitted(app(Request(headers=((name, f"{scheme} {guard.token()}"),))))


@behaviour
def headers_named_like_our_own_keys_change_nothing(guard: Guard) -> None:
    """Neither those of a scope and an environ, nor those that proxies use for users."""
    token = ("Authorization", f"Bearer {guard.token()}")
    app, optional = guard.serving(), guard.serving(required=False)
    for name in ("torii.auth", "Torii-Auth", "X-Torii-Auth", "X-User-Id", "Remote-User"):
        guard.assert_refused(app(Request(headers=((name, "x"),))), "no_credentials")
        forged = (name, "grace")
        guard.assert_admitted(app(Request(headers=(forged, token, forged))))
        guard.assert_admitted(optional(Request(headers=(forged,))), None)


@behaviour
def a_token_anywhere_else_is_ignored(guard: Guard) -> None:
    token = guard.token()
    app = guard.serving()
    for name in (
        "Proxy-Authorization",
        "X-Authorization",
        "X-Forwarded-Authorization",
        "HTTP_AUTHORIZATION",
        "Http-Authorization",
    ):
        response = app(Request(headers=((name, f"Bearer {token}"),)))
        guard.assert_refused(response, "no_credentials")
    cookie = Request(headers=(("Cookie", f"access_token={token}"),))
    for request in (Request(f"/me?access_token={token}"), cookie):
        guard.assert_refused(app(request), "no_credentials")


@behaviour
def every_method_is_guarded(guard: Guard) -> None:
    app, admins = guard.serving(), guard.serving(role="admin")
    expired = guard.issuers.token(expires_in=-3600)
    for method in METHODS:
        head = method == "HEAD"
        refused = {
            "no_credentials": app(Request(method=method)),
            "malformed_credentials": app(authorization("Bearer", method=method)),
            "expired": app(authorization(f"Bearer {expired}", method=method)),
            "role": admins(guard.good(method=method)),
        }
        for refusal, response in refused.items():
            guard.assert_refused(response, refusal, head=head)
        response = app(guard.good(method=method))
        assert (response.status, response.header("content-type")) == (200, "application/json")
        assert head or response.json()["user_id"] == "ada"


@behaviour
def every_path_is_guarded(guard: Guard) -> None:
    app = guard.serving()
    for target in ("/nowhere", "/", "/static/x", "/favicon.ico", "/health"):
        guard.assert_refused(app(Request(target)), "no_credentials")
        guard.assert_admitted(app(guard.good(target)))
