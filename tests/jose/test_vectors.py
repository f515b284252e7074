"""Published vectors: Project Wycheproof and RFC 7515, see tests/data/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, SigningKey
from torii_backend import InvalidToken, Verifier
from torii_backend._jose import base64url as strict
from torii_backend._jose.jwks import parse_jwks

DATA = Path(__file__).parents[1] / "data"
WYCHEPROOF = json.loads((DATA / "wycheproof_es256.json").read_text(encoding="utf-8"))
RFC_7515 = json.loads((DATA / "rfc7515_es256.json").read_text(encoding="utf-8"))


def named(vector: dict[str, Any]) -> str:
    return f"{vector['tcId']}-{vector['comment']}".replace(" ", "-")


def accepts(document: dict[str, Any], jws: str, kid: str) -> bool:
    """Return whether the layers below the claims accept a JWS."""
    key = parse_jwks(json.dumps(document).encode()).get(kid)
    signing_input, _, signature = jws.rpartition(".")
    if key is None or signing_input.count(".") != 1:
        return False
    return key.verify(strict.decode(signature.encode()), signing_input.encode())


def rejection(document: dict[str, Any], jws: str, clock: Clock) -> str:
    """Return why a Verifier rejects a JWS, which is never an access token."""
    body = json.dumps({"keys": [*document["keys"], SigningKey("good").jwk()]}).encode()
    verifier = Verifier(URL, fetch=lambda _url, _timeout: (body, {}), clock=clock)
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(jws)
    return caught.value.reason


def test_the_file_is_whole() -> None:
    counts = {group: len(WYCHEPROOF[group]) for group in ("jws", "jwk", "p1363")}
    assert counts == {"jws": 22, "jwk": 4, "p1363": 175}


@pytest.mark.parametrize("vector", WYCHEPROOF["jws"], ids=named)
def test_a_wycheproof_jws(vector: dict[str, Any], clock: Clock) -> None:
    document = {"keys": [vector["jwk"]]}
    accepted = accepts(document, vector["jws"], vector["jwk"]["kid"])
    assert accepted == (vector["result"] == "valid")
    assert rejection(document, vector["jws"], clock) == "malformed"


@pytest.mark.parametrize("vector", WYCHEPROOF["jwk"], ids=named)
def test_a_wycheproof_key_set_is_skipped(vector: dict[str, Any], clock: Clock) -> None:
    (jwk,) = vector["jwks"]["keys"]
    assert parse_jwks(json.dumps(vector["jwks"]).encode()) == {}
    assert not accepts(vector["jwks"], vector["jws"], jwk["kid"])
    assert rejection(vector["jwks"], vector["jws"], clock) == "malformed"


@pytest.mark.parametrize("vector", WYCHEPROOF["p1363"], ids=named)
def test_a_wycheproof_signature(vector: dict[str, Any]) -> None:
    jwk = {"kty": "EC", "crv": "P-256", "kid": "1", "x": vector["x"], "y": vector["y"]}
    key = parse_jwks(json.dumps({"keys": [jwk]}).encode())["1"]
    signature, message = bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"])
    assert key.verify(signature, message) == (vector["result"] == "valid")


def test_the_example_of_rfc_7515_verifies_but_has_another_issuer(clock: Clock) -> None:
    document = {"keys": [{**RFC_7515["jwk"], "kid": "1"}]}
    jws: str = RFC_7515["jws"]
    assert accepts(document, jws, "1")
    assert not accepts(document, jws[:-6] + "AAAAAA", "1")
    assert rejection(document, jws, clock) == "wrong_issuer"
