"""What the verifier tells of a token, and which settings it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.adapters.issuers import Issuers
from torii_backend import (
    ConfigurationError,
    KeysUnavailable,
    Policy,
    Revocations,
    Verifier,
    current_auth,
)

from .servers import McpPackage

AUDIENCE = "https://api.example/mcp"


def verified(package: McpPackage, token: str, **options: Any) -> Any:
    """Verify a token; gives what the server is told, after comparing it with `current_auth()`."""

    async def verify() -> Any:
        access = await package.verifier(**options).verify_token(token)
        auth = current_auth(None)
        assert access is None or (auth is not None and auth.user_id == access.subject)
        return access

    return asyncio.run(verify())


def test_the_server_is_told_who_sends_a_token(package: McpPackage, issuers: Issuers) -> None:
    home = issuers.home
    issued = home.issue_token(user_id="ada", claims={"aud": ["https://x.example", AUDIENCE]})
    token = issued.access_token
    access = verified(package, token, issuer=home.issuer, audience=[AUDIENCE, "https://b.example"])
    claims = access.claims
    assert (access.subject, access.token) == ("ada", token)
    assert (access.resource, access.scopes) == (AUDIENCE, [])
    assert (claims["iss"], claims["sub"]) == (home.issuer, "ada")
    assert access.expires_at == claims["exp"]
    # A server tells sessions apart by client, issuer and subject.
    assert access.client_id == claims["pid"]


def test_a_bad_token_is_nobody(package: McpPackage, issuers: Issuers) -> None:
    for token, _ in issuers.refused().values():
        assert verified(package, token, issuer=issuers.home.issuer, any_token=True) is None
    for odd in ("", "a b", "a, Bearer b", "\x00", "caf\u00e9", "a" * 20_000):
        assert verified(package, odd, issuer=issuers.home.issuer, any_token=True) is None


def test_a_token_for_something_else_is_nobody(package: McpPackage, issuers: Issuers) -> None:
    home = issuers.home.issuer
    assert verified(package, issuers.token(), issuer=home, audience=AUDIENCE) is None
    assert verified(package, issuers.token(aud="x"), issuer=home, audience=AUDIENCE) is None
    assert verified(package, issuers.token(), issuer=home, claims={"use": "mcp"}) is None
    assert verified(package, issuers.token(use="mcp"), issuer=home, claims={"use": "mcp"})
    assert verified(package, issuers.token(), issuer=home, policy=Policy(role="admin")) is None


def test_a_revoked_token_is_nobody(package: McpPackage, issuers: Issuers) -> None:
    revocations = Revocations()
    verifier = Verifier(issuers.home.issuer, audience=AUDIENCE, revocations=revocations)
    token = issuers.token(aud=AUDIENCE)
    assert verified(package, token, verifier=verifier)
    revocations.revoke("ada")
    assert verified(package, token, verifier=verifier) is None


def test_an_outage_is_not_a_bad_token(package: McpPackage, issuers: Issuers) -> None:
    down = issuers.down
    with pytest.raises(KeysUnavailable):
        verified(package, down.issue_token().access_token, issuer=down.issuer, any_token=True)


@pytest.mark.parametrize("options", [{}, {"any_token": False}, {"policy": Policy()}])
def test_a_server_says_which_tokens_are_for_it(options: Any, package: McpPackage) -> None:
    with pytest.raises(ConfigurationError, match="audience must be set, such as https://api"):
        package.verifier(issuer="https://acme.torii.so", **options)
    with pytest.raises(ConfigurationError, match="audience must be set, such as https://api"):
        package.verifier(verifier=Verifier("https://acme.torii.so"), **options)


def test_a_shared_verifier_may_have_the_audience(package: McpPackage, issuers: Issuers) -> None:
    verifier = Verifier(issuers.home.issuer, audience=AUDIENCE)
    access = verified(package, issuers.token(aud=AUDIENCE), verifier=verifier)
    assert access.resource == AUDIENCE


def test_only_its_own_keywords_are_known(package: McpPackage) -> None:
    for odd in ({"exempt": ["/mcp"]}, {"audiences": AUDIENCE}):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            package.verifier(issuer="https://acme.torii.so", any_token=True, **odd)


def test_a_tool_that_is_called_without_a_user_fails(package: McpPackage) -> None:
    """A server without a verifier, as over stdio: nobody is signed in, which no tool takes for a user."""
    with pytest.raises(Exception, match=r"whoami|outside") as caught:
        asyncio.run(package.call_alone("whoami"))
    error: Any = caught.value
    while error is not None and not isinstance(error, ConfigurationError):
        error = error.__cause__ or error.__context__
    assert "current_auth() was called outside a guarded request" in str(error)
