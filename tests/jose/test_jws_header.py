"""The JWS header: ES256 only, a kid, no extensions, and no keys from the token."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.clock import Clock
from tests.support.issuer import ABSENT, Issuer, SigningKey, b64url
from tests.support.jwks_server import JwksServer
from tests.support.refusal import reason
from torii_backend import Verifier


@pytest.mark.parametrize(
    "alg",
    [ABSENT, None, "", "none", "None", "NONE", "nOnE", "HS256", "RS256", "PS256", "ES384", "ES512"]
    + ["EdDSA", "es256", "ES256 ", "ES256K", "ES256\0", 256, True, ["ES256"], {"ES256": 1}],
)
def test_an_algorithm_other_than_es256(verifier: Verifier, issuer: Issuer, alg: Any) -> None:
    header = issuer.header(alg=alg)
    signed = issuer.key.compact(header, issuer.claims())
    assert reason(verifier, signed) == "unsupported_algorithm"
    assert reason(verifier, signed.rpartition(".")[0] + ".") == "unsupported_algorithm"


def public_key_as_secret(key: SigningKey) -> dict[str, bytes]:
    public = key.private.public_key()
    return {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "JWK": json.dumps(key.jwk()).encode(),
    }


@pytest.mark.parametrize("form", ["PEM", "DER", "point", "JWK"])
@pytest.mark.parametrize(("alg", "refused"), [("HS256", True), ("ES256", False)])
def test_a_mac_made_with_the_public_key(
    verifier: Verifier, issuer: Issuer, form: str, alg: str, refused: bool
) -> None:
    secret = public_key_as_secret(issuer.key)[form]
    header = b64url(json.dumps(issuer.header(alg=alg)).encode())
    signing_input = f"{header}.{b64url(json.dumps(issuer.claims()).encode())}"
    mac = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
    token = f"{signing_input}.{b64url(mac)}"
    assert reason(verifier, token) == ("unsupported_algorithm" if refused else "bad_signature")


def test_genuine_tokens_of_other_algorithms(verifier: Verifier, issuer: Issuer) -> None:
    headers = {"kid": issuer.key.kid}
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for key, alg in ((rsa_key, "RS256"), (ec.generate_private_key(ec.SECP384R1()), "ES384")):
        token = jwt.encode(issuer.claims(), key, alg, headers=headers)
        assert reason(verifier, token) == "unsupported_algorithm"
    token = jwt.encode(issuer.claims(), "", "none", headers=headers)
    assert reason(verifier, token) == "unsupported_algorithm"


@pytest.mark.parametrize("kid", [ABSENT, None, "", 1, True, ["key-1"], {"kid": "key-1"}])
def test_a_kid_that_is_missing_or_not_a_string(
    verifier: Verifier, issuer: Issuer, kid: Any
) -> None:
    assert reason(verifier, issuer.odd_token(header={"kid": kid})) == "malformed"


@pytest.mark.parametrize(
    "kid", ["key-2", "KEY-1", "key-1 ", "key-1\0", "../../etc/passwd", "' OR 1=1", "k" * 2_900, "é"]
)
def test_a_kid_that_the_issuer_does_not_publish(
    verifier: Verifier, issuer: Issuer, kid: str
) -> None:
    assert reason(verifier, issuer.odd_token(header={"kid": kid})) == "unknown_key"


@pytest.mark.parametrize(
    "extension",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": True},
        {"crit": []},
        {"crit": None},
        {"crit": "exp"},
        {"b64": False},
        {"b64": None},
        {"b64": 1},
        {"b64": "true"},
    ],
)
def test_an_unknown_extension(
    verifier: Verifier, issuer: Issuer, extension: dict[str, Any]
) -> None:
    assert reason(verifier, issuer.odd_token(header=extension)) == "malformed"


@pytest.mark.parametrize(
    "members", [{}, {"typ": ABSENT}, {"typ": "at+jwt"}, {"b64": True}, {"x": 1}]
)
def test_harmless_members_are_ignored(
    verifier: Verifier, issuer: Issuer, members: dict[str, Any]
) -> None:
    assert verifier.verify(issuer.odd_token(header=members))


def test_keys_and_urls_in_a_header_are_ignored(issuer: Issuer, clock: Clock) -> None:
    attacker = SigningKey(issuer.key.kid)
    other_host = JwksServer(attacker)
    try:
        address = other_host.issuer + "/_torii/.well-known/jwks.json"
        own: list[dict[str, Any]] = [
            {"jwk": attacker.jwk()},
            {"jku": address},
            {"x5u": address},
            {"x5c": [b64url(b"certificate")], "x5t": "AAAA", "x5t#S256": "AAAA"},
        ]
        for members in own:
            verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock)
            forged = attacker.compact(issuer.header(**members), issuer.claims())
            assert reason(verifier, forged) == "bad_signature"
            unknown = attacker.compact(issuer.header(kid="mine", **members), issuer.claims())
            assert reason(verifier, unknown) == "unknown_key"
            assert verifier.verify(issuer.odd_token(header=members))
        assert other_host.requests == []
    finally:
        other_host.stop()


def test_of_duplicate_members_the_last_counts(verifier: Verifier, issuer: Issuer) -> None:
    """RFC 7515 section 4 allows this. All checks must see the same value."""
    claims = json.dumps(issuer.claims()).encode()
    header = b'{"alg":"none","kid":"mine","alg":"ES256","kid":"key-1"}'
    assert verifier.verify(issuer.key.compact(header, claims))
    header = b'{"alg":"ES256","kid":"key-1","alg":"none"}'
    assert reason(verifier, issuer.key.compact(header, claims)) == "unsupported_algorithm"
    auth = verifier.verify(issuer.key.compact(issuer.header(), claims[:-1] + b',"sub":"last"}'))
    assert (auth.user_id, auth.claims["sub"]) == ("last", "last")
    twice = claims[:-1] + b',"iss":"https://other.example"}'
    assert reason(verifier, issuer.key.compact(issuer.header(), twice)) == "wrong_issuer"
