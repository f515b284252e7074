"""A signature is rejected unless the issuer's key made it for exactly these bytes."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.issuer import Issuer, SigningKey, b64url
from tests.support.refusal import reason
from torii_backend import Verifier

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
EDGES = [0, 1, N - 1, N, N + 1, P - 1, P, 2**256 - 1]


def with_signature(issuer: Issuer, signature: bytes) -> str:
    return issuer.token().rpartition(".")[0] + "." + b64url(signature)


def halves(issuer: Issuer) -> tuple[bytes, bytes]:
    """Return valid r and s for the token of `with_signature`."""
    signing_input = issuer.token().rpartition(".")[0]
    signature = issuer.key.signature(signing_input.encode())
    return signature[:32], signature[32:]


def test_the_original_signature_is_accepted(verifier: Verifier, issuer: Issuer) -> None:
    assert verifier.verify(with_signature(issuer, b"".join(halves(issuer))))


def test_tampered_claims(verifier: Verifier, issuer: Issuer) -> None:
    header, _, signature = issuer.token().split(".")
    payload = b64url(json.dumps(issuer.claims(sub="user_eve")).encode())
    assert reason(verifier, f"{header}.{payload}.{signature}") == "bad_signature"


def test_a_tampered_header(verifier: Verifier, issuer: Issuer) -> None:
    _, payload, signature = issuer.token().split(".")
    header = b64url(json.dumps(issuer.header(typ="other")).encode())
    assert reason(verifier, f"{header}.{payload}.{signature}") == "bad_signature"


def test_the_signature_of_another_token(verifier: Verifier, issuer: Issuer) -> None:
    signature = issuer.token(sub="user_eve").rpartition(".")[2]
    assert reason(verifier, issuer.token().rpartition(".")[0] + "." + signature) == "bad_signature"


def test_another_key_under_the_same_kid(verifier: Verifier, issuer: Issuer) -> None:
    other = Issuer(issuer.url, SigningKey(issuer.key.kid))
    assert reason(verifier, other.token()) == "bad_signature"


def test_a_der_signature(verifier: Verifier, issuer: Issuer) -> None:
    signing_input = issuer.token().rpartition(".")[0]
    der = issuer.key.der_signature(signing_input.encode())
    assert reason(verifier, f"{signing_input}.{b64url(der)}") == "bad_signature"


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 65, 66, 96, 128, 132])
def test_a_signature_of_another_length(verifier: Verifier, issuer: Issuer, length: int) -> None:
    r, s = halves(issuer)
    cut_or_padded = (r + s).ljust(length, b"\0")[:length]
    assert reason(verifier, with_signature(issuer, cut_or_padded)) == "bad_signature"


def test_zeros_around_a_good_signature(verifier: Verifier, issuer: Issuer) -> None:
    r, s = halves(issuer)
    around = [b"\0" + r + s, b"\0" + r + b"\0" + s, r + s + b"\0", bytes(32) + r + bytes(32) + s]
    between = [r + bytes(zeros) + s for zeros in (1, 2, 32)]
    for odd in around + between:
        assert reason(verifier, with_signature(issuer, odd)) == "bad_signature"


@pytest.mark.parametrize("r", EDGES)
@pytest.mark.parametrize("s", EDGES)
def test_r_and_s_at_the_limits(verifier: Verifier, issuer: Issuer, r: int, s: int) -> None:
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert reason(verifier, with_signature(issuer, signature)) == "bad_signature"


@pytest.mark.parametrize("edge", EDGES)
def test_r_or_s_at_the_limits(verifier: Verifier, issuer: Issuer, edge: int) -> None:
    r, s = halves(issuer)
    odd = edge.to_bytes(32, "big")
    assert reason(verifier, with_signature(issuer, r + odd)) == "bad_signature"
    assert reason(verifier, with_signature(issuer, odd + s)) == "bad_signature"


def test_r_and_s_swapped(verifier: Verifier, issuer: Issuer) -> None:
    r, s = halves(issuer)
    assert reason(verifier, with_signature(issuer, s + r)) == "bad_signature"


def test_a_leading_zero_of_s_cannot_be_left_out(verifier: Verifier, issuer: Issuer) -> None:
    """Also where what is left of s begins with another zero. One signature in 131,072 has such an s."""
    signing_input = issuer.token().rpartition(".")[0]
    r, s = GX.to_bytes(32, "big"), (2**238).to_bytes(32, "big")
    # The key whose signature is (r, s) for the nonce 1 (SEC 1 section 4.1.3).
    digest = int.from_bytes(sha256(signing_input.encode()).digest(), "big")
    private = (2**238 - digest) * pow(GX, -1, N) % N
    issuer.key.private = ec.derive_private_key(private, ec.SECP256R1())
    signature = r + s
    assert reason(verifier, f"{signing_input}.{b64url(r + s[1:])}") == "bad_signature"
    assert verifier.verify(f"{signing_input}.{b64url(signature)}")


def test_the_signature_comes_before_the_payload(verifier: Verifier, issuer: Issuer) -> None:
    """Decoding 16 KiB that anybody can send costs more than the signature."""
    header, payload, signature = issuer.token().split(".")
    verifier.warm()
    for header_segment in (header, b64url(json.dumps(issuer.header(new=1)).encode())):
        assert (
            reason(verifier, f"{header_segment}.{b64url(b'no JSON')}.{signature}")
            == "bad_signature"
        )
    # Without a key to check it with, where it comes from decides whether keys are fetched.
    unknown = b64url(json.dumps(issuer.header(kid="other")).encode())
    assert reason(verifier, f"{unknown}.{b64url(b'no JSON')}.{signature}") == "malformed"
    assert reason(verifier, f"{unknown}.{payload}.{signature}") == "unknown_key"
