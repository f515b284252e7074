"""`localhost`, `127.0.0.1` and `[::1]` with the same port are one issuer, for plain http alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest

from tests.support.clock import Clock
from tests.support.issuer import Issuer, SigningKey, jwks
from tests.support.refusal import reason
from torii_backend import Verifier, verify_token
from torii_backend._verify.explain import explain
from torii_backend.emulator import Emulator

JWKS_PATH = "/_torii/.well-known/jwks.json"
HOSTS = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(("configured", "named"), [*product(HOSTS, HOSTS)])
@pytest.mark.parametrize("rest", [":4100", "", ":4100/tenant"])
def test_each_name_of_loopback_is_the_same_issuer(
    clock: Clock, configured: str, named: str, rest: str
) -> None:
    url = f"http://{configured}{rest}"
    issuer = Issuer(url)
    for slash in ("", "/"):
        verifier = Verifier(url + slash, fetch=issuer.fetch, clock=clock)
        token = issuer.token(iss=f"http://{named}{rest}{slash}")
        auth = verifier.verify(token)
        assert auth.issuer == url
        assert auth.claims["iss"] == f"http://{named}{rest}{slash}"
        explained = explain(token, verifier)
        assert explained.auth is not None
        assert explained.auth.issuer == url
        assert {rule.outcome for rule in explained.rules} == {"ok"}
    # Whatever the token says, its keys come from where the guard is configured to look.
    assert issuer.fetched == [url + JWKS_PATH] * 2


OTHERS = [
    ("http://127.0.0.1:4100", "http://localhost:4101"),
    ("http://127.0.0.1:4100", "http://localhost"),
    ("http://127.0.0.1", "http://localhost:4100"),
    ("http://127.0.0.1:4100", "https://localhost:4100"),
    ("http://127.0.0.1:4100", "http://127.0.0.2:4100"),
    ("http://127.0.0.2:4100", "http://127.0.0.1:4100"),
    ("http://127.0.0.1:4100", "http://LOCALHOST:4100"),
    ("http://127.0.0.1:4100", "http://localhost.:4100"),
    ("http://127.0.0.1:4100", "http://localhost:4100/tenant"),
    ("http://127.0.0.1:4100/tenant", "http://localhost:4100"),
    ("http://127.0.0.1:4100", "http://localhost:4100//"),
    ("http://127.0.0.1:4100", "http://localhost:04100"),
    ("http://127.0.0.1:4100", "http://ada@localhost:4100"),
    ("http://127.0.0.1:4100", "http://localhost:4100@evil.example"),
    ("http://127.0.0.1:4100", "http://::1:4100"),
    ("http://127.0.0.1:4100", "http://torii:4100"),
    ("https://127.0.0.1:4100", "https://localhost:4100"),
    ("https://localhost:4100", "https://127.0.0.1:4100"),
    ("https://localhost", "http://localhost"),
    ("https://[::1]:4100", "https://localhost:4100"),
    ("https://acme.torii.so", "http://localhost"),
    ("http://torii:4100", "http://localhost:4100"),
    ("http://torii.localhost:4100", "http://localhost:4100"),
]


@pytest.mark.parametrize(("configured", "named"), OTHERS)
def test_nothing_else_is(clock: Clock, configured: str, named: str) -> None:
    issuer = Issuer(configured)
    verifier = Verifier(
        configured,
        fetch=issuer.fetch,
        clock=clock,
        insecure_hosts=["torii", "torii.localhost"],
    )
    token = issuer.token(iss=named)
    assert reason(verifier, token) == "wrong_issuer"
    assert issuer.fetched == []
    verifier.warm()
    assert reason(verifier, token) == "wrong_issuer"
    assert explain(token, verifier).reason == "wrong_issuer"


def test_a_name_that_is_configured_itself_keeps_its_own_keys(clock: Clock) -> None:
    first = Issuer("http://localhost:4100", SigningKey("key-1"))
    other = Issuer("http://127.0.0.1:4100", SigningKey("key-1"))

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        return jwks(first.key if url.startswith(first.url) else other.key), {}

    verifier = Verifier([first.url, other.url], fetch=fetch, clock=clock)
    assert verifier.verify(first.token()).issuer == first.url
    assert verifier.verify(other.token()).issuer == other.url
    assert reason(verifier, first.token(iss=other.url)) == "bad_signature"
    # The third name is that of the issuer which is listed first.
    assert verifier.verify(first.token(iss="http://[::1]:4100")).issuer == first.url


def test_tokens_of_an_emulator_by_all_its_names() -> None:
    with Emulator() as torii:
        port = torii.issuer.rpartition(":")[2]
        for host in ("localhost", "127.0.0.1"):
            issuer = f"http://{host}:{port}"
            torii.rotate_keys(withdraw=True)
            # It forgets the limit of fetches for unknown keys, by whatever name it is known.
            torii.reset()
            for named in HOSTS:
                claims = {"iss": f"http://{named}:{port}"}
                token = torii.issue_token(claims=claims).access_token
                assert verify_token(token, issuer=issuer).issuer == issuer
