"""JWKS documents: each usable ES256 key is taken, and an unusable one disables no other."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.support.fuzzing import any_json, fuzz
from tests.support.issuer import ABSENT, SigningKey, b64url, jwks
from torii_backend._jose.jwks import MAX_KEYS, parse_jwks

GOOD = SigningKey("good")
ODD = SigningKey("odd")
P = 2**256 - 2**224 + 2**192 + 2**96 - 1


def as_jwk(algorithm: Any, key: Any, **members: Any) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": "odd", "use": "sig", **members}


def shifted(coordinate: str) -> str:
    """Return the coordinate plus p: it is the same modulo p, but not canonical."""
    number = int.from_bytes(ODD.private.public_key().public_numbers().x.to_bytes(32, "big"), "big")
    return b64url((number + P).to_bytes(33, "big")) if coordinate == "x" else coordinate


GOOD_X, GOOD_Y = GOOD.jwk()["x"], GOOD.jwk()["y"]

ODD_MEMBERS: dict[str, Any] = {
    "RSA": as_jwk(RSAAlgorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "RSA that says ES256": {**ODD.jwk(kty="RSA"), "n": "AQAB", "e": "AQAB"},
    "oct": {"kty": "oct", "kid": "odd", "alg": "HS256", "k": b64url(b"secret")},
    "OKP": as_jwk(OKPAlgorithm, ed25519.Ed25519PrivateKey.generate()),
    "P-384": as_jwk(ECAlgorithm, ec.generate_private_key(ec.SECP384R1())),
    "P-521 that says ES256": as_jwk(
        ECAlgorithm, ec.generate_private_key(ec.SECP521R1()), alg="ES256"
    ),
    "secp256k1": as_jwk(ECAlgorithm, ec.generate_private_key(ec.SECP256K1())),
    "other name of the curve": ODD.jwk(crv="secp256r1"),
    "other case of the type": ODD.jwk(kty="ec"),
    "curve missing": ODD.jwk(crv=ABSENT),
    "type missing": ODD.jwk(kty=ABSENT),
    "type is a list": ODD.jwk(kty=["EC"]),
    "for encryption": ODD.jwk(use="enc"),
    "use is null": ODD.jwk(use=None),
    "use is a list": ODD.jwk(use=["sig"]),
    "other operations": ODD.jwk(key_ops=["encrypt"]),
    "may sign only": ODD.jwk(key_ops=["sign"]),
    "no operation": ODD.jwk(key_ops=[]),
    "operations are text": ODD.jwk(key_ops="verify"),
    "operations are null": ODD.jwk(key_ops=None),
    "operations are an object": ODD.jwk(key_ops={"verify": True}),
    "alg none": ODD.jwk(alg="none"),
    "alg ES384": ODD.jwk(alg="ES384"),
    "alg HS256": ODD.jwk(alg="HS256"),
    "alg is a list": ODD.jwk(alg=["ES256"]),
    "alg is null": ODD.jwk(alg=None),
    "off the curve": ODD.jwk(y=GOOD_Y),
    "at infinity": ODD.jwk(x=b64url(bytes(32)), y=b64url(bytes(32))),
    "beyond the field": ODD.jwk(x=b64url(b"\xff" * 32), y=b64url(b"\xff" * 32)),
    "p added to x": ODD.jwk(x=shifted("x")),
    "x missing": ODD.jwk(x=ABSENT),
    "y missing": ODD.jwk(y=ABSENT),
    "x is null": ODD.jwk(x=None),
    "x is a number": ODD.jwk(x=5),
    "x is a list": ODD.jwk(x=[ODD.jwk()["x"]]),
    "x is empty": ODD.jwk(x=""),
    "x is short": ODD.jwk(x=ODD.jwk()["x"][:-4]),
    "x is long": ODD.jwk(x="AAAA" + ODD.jwk()["x"]),
    "x is padded": ODD.jwk(x=ODD.jwk()["x"] + "="),
    "x is not ASCII": ODD.jwk(x="é" + ODD.jwk()["x"][1:]),
    "x in another alphabet": ODD.jwk(x="+" + ODD.jwk()["x"][1:]),
    "kid missing": ODD.jwk(kid=ABSENT),
    "kid is null": ODD.jwk(kid=None),
    "kid is empty": ODD.jwk(kid=""),
    "kid is a number": ODD.jwk(kid=5),
    "kid is a list": ODD.jwk(kid=["odd"]),
    "private": ODD.jwk(d=b64url(b"1" * 32)),
    "private part is null": ODD.jwk(d=None),
    "empty": {},
    "null": None,
    "text": "odd",
    "number": 5,
    "list": [ODD.jwk()],
    "true": True,
    "key set": {"keys": [ODD.jwk()]},
}


@pytest.mark.parametrize("odd", ODD_MEMBERS.values(), ids=ODD_MEMBERS.keys())
def test_an_odd_member_is_skipped_and_disables_nothing(odd: Any) -> None:
    assert parse_jwks(jwks(odd)) == {}
    for document in (jwks(odd, GOOD), jwks(GOOD, odd), jwks(odd, odd, GOOD, odd)):
        keys = parse_jwks(document)
        assert list(keys) == ["good"]
        assert keys["good"].point == GOOD.point


def test_an_odd_member_does_not_take_the_kid_of_a_good_one() -> None:
    (key,) = parse_jwks(jwks(ODD.jwk(kid="good", use="enc"), GOOD)).values()
    assert key.point == GOOD.point


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"alg": ABSENT},
        {"use": ABSENT},
        {"alg": ABSENT, "use": ABSENT},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"x5t": "AAAA", "x5u": "https://evil.example", "ext": True, "nbf": 1},
        {"kid": "é"},
        {"kid": " "},
    ],
)
def test_ignored_and_optional_members(members: dict[str, Any]) -> None:
    document = jwks(GOOD.jwk(**members))
    (key,) = parse_jwks(document).values()
    assert key.point == GOOD.point


def test_of_two_keys_under_one_kid_the_first_counts() -> None:
    keys = parse_jwks(jwks(GOOD, ODD.jwk(kid="good")))
    assert [key.point for key in keys.values()] == [GOOD.point]


def test_members_beside_the_keys_are_ignored() -> None:
    document = json.dumps({"issuer": "x", "keys": [GOOD.jwk()], "other": [1]}).encode()
    assert list(parse_jwks(document)) == ["good"]


def test_a_document_without_keys_is_an_empty_set() -> None:
    assert parse_jwks(b'{"keys":[]}') == {}


def test_at_most_a_hundred_usable_keys_are_taken() -> None:
    odd = [ODD.jwk(use="enc")] * MAX_KEYS
    keys = parse_jwks(jwks(*odd, *(GOOD.jwk(kid=f"key-{i}") for i in range(MAX_KEYS + 5))))
    assert list(keys) == [f"key-{i}" for i in range(100)]


@pytest.mark.parametrize(
    "document",
    [b"", b" ", b"<html></html>", b"{", b'{"keys":[}', b'{"keys":[]} x', b"\xff", b"\xef\xbb\xbf{}"]
    + [b"[]", b"null", b"5", b'"keys"', b"true", b"{}", b'{"keys":null}', b'{"keys":{}}']
    + [b'{"keys":"x"}', b'{"keys":5}', b'{"Keys":[]}', b'[{"keys":[]}]', b"NaN"]
    + ['{"keys":[]}'.encode("utf-16"), b"[" * 200_000, b'{"keys":' * 200_000, b"1" * 5_000]
    + [b'{"keys":[' + b"[" * 200_000],
)
def test_a_document_that_is_not_a_key_set(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"\Athe document is not a (JSON object|JWK set)\Z"):
        parse_jwks(document)


@fuzz
@given(st.binary(max_size=200) | any_json.map(lambda value: json.dumps(value).encode()))
def test_any_document_gives_keys_or_a_value_error(document: bytes) -> None:
    with suppress(ValueError):
        assert parse_jwks(document) == {}


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "alg", "use", "kid", "x", "y", "key_ops", "d"]), any_json
    )
)
def test_any_other_member_leaves_the_good_key_usable(members: dict[str, Any]) -> None:
    keys = parse_jwks(jwks(GOOD.jwk(**{"kid": "odd", **members}), GOOD))
    assert keys["good"].point == GOOD.point
