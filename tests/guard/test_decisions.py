"""What a guard decides, whatever the framework: who is asked what, and in which order."""

from __future__ import annotations

import time
from typing import Any, Optional

import pytest

from tests.support.issuer import NOW, Issuer, SigningKey
from tests.support.jwks_server import JwksServer, Response
from torii_backend import (
    Authenticator,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    PermissionDenied,
    Policy,
    ToriiAuthError,
    Verifier,
)
from torii_backend._guard.refusal import refusal_response
from torii_backend._guard.request import ASGIRequest


def request(
    *authorization: str, path: str = "/me", method: str = "GET", header: str = "authorization"
) -> ASGIRequest:
    headers = [(header.encode(), value.encode()) for value in authorization]
    if method == "OPTIONS":
        headers.append((b"access-control-request-method", b"PUT"))
    return ASGIRequest({"type": "http", "method": method, "path": path, "headers": headers})


def refusal(authenticator: Authenticator, request: ASGIRequest) -> Optional[ToriiAuthError]:
    """Give what a request is refused with, or None if it passes."""
    try:
        authenticator.authenticate(request)
    except ToriiAuthError as error:
        return error
    return None


def fail(_: Any) -> Any:
    raise AssertionError("called")


# Without a verified user there is nothing to ask a check or a function for the issuer.
PASSED = [request(path="/health"), request("Bearer a", path="/health"), request(method="OPTIONS")]


@pytest.mark.parametrize("passed", PASSED)
@pytest.mark.parametrize("option", ["check", "issuer"])
def test_nothing_is_asked_about_requests_that_pass_without_a_user(
    verifier: Verifier, option: str, passed: ASGIRequest
) -> None:
    options: Any = {"verifier": verifier, "check": fail} if option == "check" else {"issuer": fail}
    guard = Authenticator(exempt=["/health"], **options)
    assert guard.authenticate(passed) is None
    optional = Authenticator(required=False, **options)
    assert optional.authenticate(request()) is None


@pytest.mark.parametrize("option", ["check", "issuer"])
def test_nothing_is_asked_without_usable_credentials(verifier: Verifier, option: str) -> None:
    options: Any = {"verifier": verifier, "check": fail} if option == "check" else {"issuer": fail}
    guard = Authenticator(**options)
    assert type(refusal(guard, request())) is MissingCredentials
    assert type(refusal(guard, request("Bearer"))) is InvalidRequest


def test_no_check_is_asked_about_a_bad_token(verifier: Verifier, issuer: Issuer) -> None:
    guard = Authenticator(verifier=verifier, check=fail)
    expired = refusal(guard, request(f"Bearer {issuer.token(exp=NOW - 31)}"))
    assert expired is not None and expired.reason == "expired"


def test_another_header_keeps_the_rules(verifier: Verifier, issuer: Issuer) -> None:
    guard = Authenticator(verifier=verifier, header="X-Token")
    token = issuer.token()
    for values, kind in (
        ([token], MissingCredentials),
        (["Bearer"], InvalidRequest),
        ([f"Bearer {token}"] * 2, InvalidRequest),
    ):
        assert type(refusal(guard, request(*values, header="x-token"))) is kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Bearertoken", MissingCredentials),
        ("Bearer ==", InvalidRequest),
        ("Bearer ", InvalidRequest),
        ("Bearer    ", InvalidRequest),
        ("bearer", InvalidRequest),
    ],
)
def test_words_that_are_almost_bearer_credentials(
    verifier: Verifier, value: str, kind: type[ToriiAuthError]
) -> None:
    assert type(refusal(Authenticator(verifier=verifier), request(value))) is kind


@pytest.mark.parametrize(("padding", "reason"), [(10_000, None), (13_000, "malformed")])
def test_a_good_token_of_more_than_16_kb(
    verifier: Verifier, issuer: Issuer, padding: int, reason: Optional[str]
) -> None:
    value = f"Bearer {issuer.token(padding='x' * padding)}"
    refused = refusal(Authenticator(verifier=verifier), request(value))
    assert getattr(refused, "reason", None) == reason


@pytest.mark.parametrize("path", ["/health/x", "/healthy", "/public", "/x/public/y"])
def test_paths_beside_exempt_ones_need_a_token(
    verifier: Verifier, issuer: Issuer, path: str
) -> None:
    guard = Authenticator(verifier=verifier, exempt=["/health", "/public/*"])
    assert type(refusal(guard, request(path=path))) is MissingCredentials
    assert guard.authenticate(request(f"Bearer {issuer.token()}", path=path)) is not None


MEMBER = {
    "email_verified": True,
    "profile_complete": True,
    "org_id": "org_1",
    "org_role": "admin",
    "plan": "pro",
}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, None),
        ({"email_verified": "true"}, "email_unverified"),
        ({"profile_complete": 1}, "profile_incomplete"),
        ({"act": {"sub": "eve"}}, "impersonation"),
        ({"org_id": "org_10"}, "organization"),
        ({"org_role": "Admin"}, "role"),
        ({"plan": "free"}, "claim"),
        ({"seats": 0}, "check"),
    ],
)
def test_every_keyword_at_once_holds(
    verifier: Verifier, issuer: Issuer, claims: dict[str, Any], reason: Optional[str]
) -> None:
    guard = Authenticator(
        verifier=verifier,
        email_verified=True,
        profile_complete=True,
        impersonation="forbid",
        organization={"org_0", "org_1"},
        role={"admin", "owner"},
        claims={"plan": {"pro", "team"}},
        check=lambda auth: auth.claims.get("seats") != 0,
        policy=Policy(role="admin") & Policy(claims={"plan": "pro"}),
    )
    refused = refusal(guard, request(f"Bearer {issuer.odd_token(**{**MEMBER, **claims})}"))
    assert (refused and refused.reason) == reason
    assert refused is None or type(refused) is PermissionDenied


def test_on_error_may_return_the_standard_response(verifier: Verifier) -> None:
    guard = Authenticator(verifier=verifier, on_error=refusal_response)
    assert guard.response_to(MissingCredentials(), request()) == refusal_response(
        MissingCredentials()
    )


@pytest.mark.parametrize("by_request", [True, False])
def test_an_issuer_that_is_down_does_not_hurt_another(
    server: JwksServer, key: SigningKey, by_request: bool
) -> None:
    down = JwksServer()
    down.respond_with(Response(status=500))
    try:
        issuers = [down.issuer, server.issuer]
        issuer: Any = (lambda _: issuers) if by_request else issuers
        guard = Authenticator(issuer=issuer)
        times: dict[str, Any] = {"iat": int(time.time()), "exp": int(time.time()) + 300}
        undecided = f"Bearer {Issuer(down.issuer).token(**times)}"
        good = f"Bearer {Issuer(server.issuer, key).token(**times)}"
        assert type(refusal(guard, request(undecided))) is KeysUnavailable
        assert guard.authenticate(request(good)) is not None
        # An outage hides no other refusal.
        other = Issuer("https://other.example").token(**times)
        refused = refusal(guard, request(f"Bearer {other}"))
        assert type(refused) is InvalidToken and refused.reason == "wrong_issuer"
        assert type(refusal(guard, request("Bearer"))) is InvalidRequest
    finally:
        down.stop()
