"""A token without its request, as servers of MCP have it: who it is, and which tokens are for the server."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, Issuer
from torii_backend import Auth, ConfigurationError, KeysUnavailable, Policy, Verifier
from torii_backend._guard.refusal_log import forget_refusals
from torii_backend._guard.token_check import TokenCheck

AUDIENCE = "https://api.example/mcp"


def auth_of(token: str, **options: Any) -> Optional[Auth]:
    return asyncio.run(TokenCheck("mcp", **options).auth_of(token))


def described(issuer: Issuer, verifier: Verifier, claims: dict[str, Any]) -> dict[str, Any]:
    """Describe a good token with these claims."""
    token = issuer.token(**claims)
    check = TokenCheck("mcp", verifier=verifier, any_token=True)
    auth = asyncio.run(check.auth_of(token))
    assert auth is not None
    found = check.described(auth, token)
    assert (found["token"], found["subject"]) == (token, auth.user_id)
    assert found["claims"] == auth.claims
    assert found["expires_at"] == auth.claims["exp"]
    return found


@pytest.mark.parametrize(
    ("claims", "client"),
    [
        ({"client_id": "cli", "azp": "web"}, "cli"),
        ({"azp": "web"}, "web"),
        ({"client_id": "", "azp": "web"}, "web"),
        ({"client_id": 7}, "env_test"),
        ({"client_id": ["cli"], "azp": None}, "env_test"),
        ({}, "env_test"),
    ],
)
def test_the_client_is_named_by_the_token(
    claims: Any, client: str, issuer: Issuer, verifier: Verifier
) -> None:
    assert described(issuer, verifier, {"pid": "env_test", **claims})["client_id"] == client


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "files:read files:write"}, ["files:read", "files:write"]),
        ({"scp": "files:read"}, ["files:read"]),
        ({"scp": ["files:read", "x"]}, ["files:read", "x"]),
        ({"scp": ["files:read", 7, "", None]}, ["files:read"]),
        ({"scope": "files:read", "scp": ["admin"]}, ["files:read"]),
        ({"scope": None, "scp": ["admin"]}, []),
        ({"scope": ""}, []),
        ({"scope": 7}, []),
        ({"scope": {"files": True}}, []),
        ({}, []),
    ],
)
def test_the_scopes_are_those_of_the_token(
    claims: Any, scopes: list[str], issuer: Issuer, verifier: Verifier
) -> None:
    assert described(issuer, verifier, claims)["scopes"] == scopes


def test_the_resource_is_the_audience_that_matched(issuer: Issuer, clock: Clock) -> None:
    accepted = ["https://b.example", AUDIENCE]
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock, audience=accepted)
    check = TokenCheck("mcp", verifier=verifier)
    for audience in (AUDIENCE, ["https://other.example", AUDIENCE]):
        token = issuer.token(aud=audience)
        auth = asyncio.run(check.auth_of(token))
        assert auth is not None
        assert check.described(auth, token)["resource"] == AUDIENCE


def test_without_an_audience_no_resource_matched(issuer: Issuer, verifier: Verifier) -> None:
    assert described(issuer, verifier, {"aud": AUDIENCE})["resource"] is None


@pytest.mark.parametrize("token", ["", "a b", "a, Bearer b", "\x00", "caf\u00e9", "a" * 20_000])
def test_what_is_no_token_is_nobody(token: str, verifier: Verifier) -> None:
    assert auth_of(token, verifier=verifier, any_token=True) is None


def test_who_fails_the_policy_is_nobody(issuer: Issuer, verifier: Verifier) -> None:
    good, other = issuer.token(use="mcp"), issuer.token()
    for options in ({"claims": {"use": "mcp"}}, {"policy": Policy(claims={"use": "mcp"})}):
        assert auth_of(good, verifier=verifier, **options) is not None
        assert auth_of(other, verifier=verifier, **options) is None


def test_what_it_refuses_is_logged(
    issuer: Issuer, verifier: Verifier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    forget_refusals()
    caplog.set_level("INFO", "torii_backend.refusals")
    token = issuer.token(aud="https://other.example")
    strict = Verifier(issuer.url, fetch=issuer.fetch, clock=clock, audience=AUDIENCE)
    assert auth_of(token, verifier=strict) is None
    assert auth_of(token, verifier=verifier, claims={"use": "mcp"}) is None
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["refused: wrong_audience 401 - mcp", "refused: claim 401 - mcp"]
    assert token not in caplog.text


def test_an_outage_is_not_a_bad_token(issuer: Issuer) -> None:
    def fetch(url: str, timeout: float) -> Any:
        raise OSError

    verifier = Verifier(issuer.url, fetch=fetch)
    with pytest.raises(KeysUnavailable):
        auth_of(issuer.token(), verifier=verifier, any_token=True)


@pytest.mark.parametrize("options", [{}, {"any_token": False}, {"policy": Policy()}])
def test_a_server_says_which_tokens_are_for_it(options: Any, verifier: Verifier) -> None:
    for more in ({"issuer": URL}, {"verifier": verifier}):
        with pytest.raises(ConfigurationError, match="audience must be set, such as https://api"):
            TokenCheck("mcp", **more, **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"any_token": 1}, ConfigurationError),
        ({"any_token": "yes", "audience": AUDIENCE}, ConfigurationError),
        ({"audience": ""}, ConfigurationError),
        ({"any_token": True, "issuer": "acme"}, ConfigurationError),
        ({"any_token": True, "required": False}, TypeError),
        ({"any_token": True, "exempt": ["/mcp"]}, TypeError),
        ({"any_token": True, "audiences": AUDIENCE}, TypeError),
    ],
)
def test_settings_are_checked(options: Any, error: Any) -> None:
    with pytest.raises(error):
        TokenCheck("mcp", **{"issuer": URL, **options})
