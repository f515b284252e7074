"""Which issuers are trusted, and which audiences are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional, Union

import pytest

from tests.support.clock import Clock
from tests.support.issuer import ABSENT, URL, Issuer, SigningKey, jwks
from tests.support.refusal import reason, refusal
from torii_backend import ConfigurationError, Verifier, authenticate_request, verify_token

JWKS_PATH = "/_torii/.well-known/jwks.json"


@pytest.mark.parametrize(
    "iss",
    [
        "https://other.torii.so",
        "https://acme.torii.so.evil.example",
        "https://acme.torii.s",
        "https://acme.torii",
        "acme.torii.so",
        "http://acme.torii.so",
        "https://ACME.torii.so",
        "https://acme.torii.so//",
        "https://acme.torii.so/path",
        "https://acme.torii.so/_torii",
        "https://acme.torii.so:443",
        "https://acme.torii.so?",
        "https://acme.torii.so#",
        "https://acme.torii.so\n",
        " https://acme.torii.so",
        "https://acme.torii.so ",
        "https://evil.example/https://acme.torii.so",
        "https://acme.torii.so@evil.example",
        "https://\u0430cme.torii.so",
        "/",
    ],
)
def test_a_token_of_another_issuer_is_rejected_without_a_fetch(clock: Clock, iss: str) -> None:
    issuer = Issuer()
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock)
    assert reason(verifier, issuer.token(iss=iss)) == "wrong_issuer"
    assert issuer.fetched == []


@pytest.mark.parametrize("configured", [URL, URL + "/", f" {URL} ", URL + "//"])
@pytest.mark.parametrize("iss", [URL, URL + "/"])
def test_a_trailing_slash_does_not_matter_on_either_side(
    clock: Clock, configured: str, iss: str
) -> None:
    issuer = Issuer()
    verifier = Verifier(configured, fetch=issuer.fetch, clock=clock)
    assert verifier.verify(issuer.token(iss=iss)).issuer == URL
    assert issuer.fetched == [URL + JWKS_PATH]


@pytest.mark.parametrize("same_kid", [True, False])
def test_several_issuers_never_share_keys(clock: Clock, same_kid: bool) -> None:
    acme = Issuer("https://acme.torii.so", SigningKey("key-1"))
    beta = Issuer("https://beta.torii.so", SigningKey("key-1" if same_kid else "key-2"))
    fetched: list[str] = []

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        fetched.append(url)
        return jwks(acme.key if url.startswith(acme.url) else beta.key), {}

    verifier = Verifier([acme.url, beta.url], fetch=fetch, clock=clock)
    assert verifier.issuers == (acme.url, beta.url)
    assert verifier.verify(acme.token()).issuer == acme.url
    assert fetched == [acme.url + JWKS_PATH]
    assert verifier.verify(beta.token()).issuer == beta.url
    assert fetched == [acme.url + JWKS_PATH, beta.url + JWKS_PATH]
    expected = "bad_signature" if same_kid else "unknown_key"
    assert reason(verifier, acme.token(iss=beta.url)) == expected
    assert reason(verifier, beta.token(iss=acme.url)) == expected


def test_a_missing_issuer_is_a_configuration_error() -> None:
    for call in (
        Verifier,
        lambda: verify_token("a.b.c"),
        lambda: authenticate_request({"authorization": "Bearer a.b.c"}),
        lambda: authenticate_request({}),
    ):
        with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
            call()


def audience_verifier(
    issuer: Issuer, clock: Clock, audience: Union[str, list[str], None]
) -> Verifier:
    return Verifier(issuer.url, audience=audience, fetch=issuer.fetch, clock=clock)


@pytest.mark.parametrize(
    ("accepted", "aud"),
    [
        ("app", "app"),
        ("app", ["app"]),
        ("app", ["other", "app"]),
        (["app", "admin"], "admin"),
        (["app", "admin"], ["x", "admin"]),
    ],
)
def test_a_token_for_an_accepted_audience(
    issuer: Issuer, clock: Clock, accepted: Any, aud: Any
) -> None:
    assert audience_verifier(issuer, clock, accepted).verify(issuer.token(aud=aud))


@pytest.mark.parametrize(
    ("aud", "expected", "claim"),
    [
        (ABSENT, "missing_claim", "aud"),
        (None, "invalid_claim", "aud"),
        (5, "invalid_claim", "aud"),
        (True, "invalid_claim", "aud"),
        ({"app": True}, "invalid_claim", "aud"),
        (["app", 5], "invalid_claim", "aud"),
        (["app", None], "invalid_claim", "aud"),
        ([["app"]], "invalid_claim", "aud"),
        ("", "wrong_audience", None),
        ([], "wrong_audience", None),
        ([""], "wrong_audience", None),
        ("ap", "wrong_audience", None),
        ("apps", "wrong_audience", None),
        ("App", "wrong_audience", None),
        ("app ", "wrong_audience", None),
        ("app,other", "wrong_audience", None),
        (["a", "p"], "wrong_audience", None),
    ],
)
def test_a_token_without_an_accepted_audience(
    issuer: Issuer, clock: Clock, aud: Any, expected: str, claim: Optional[str]
) -> None:
    token = issuer.odd_token(aud=aud)
    assert refusal(audience_verifier(issuer, clock, "app"), token) == (expected, claim)


@pytest.mark.parametrize("aud", [ABSENT, None, "", "other", ["x"], [], 5, {"a": 1}, True])
def test_without_a_configured_audience_the_claim_is_ignored(
    verifier: Verifier, issuer: Issuer, aud: Any
) -> None:
    assert verifier.verify(issuer.odd_token(aud=aud))
