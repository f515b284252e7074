"""A signature has 64 bytes: r and s have one spelling each."""

from __future__ import annotations

from tests.support.issuer import Issuer, b64url
from tests.support.refusal import reason
from torii_backend import Verifier


def signed(issuer: Issuer) -> tuple[str, bytes, bytes]:
    """Sign a token; return what is signed, r and s."""
    signing_input = issuer.token().rpartition(".")[0]
    signature = issuer.key.signature(signing_input.encode())
    return signing_input, signature[:32], signature[32:]


def test_a_zero_before_s_is_no_part_of_a_signature(verifier: Verifier, issuer: Issuer) -> None:
    signing_input, r, s = signed(issuer)
    assert verifier.verify(f"{signing_input}.{b64url(r + s)}")
    for zeros in (1, 2, 32):
        longer = b64url(r + bytes(zeros) + s)
        assert reason(verifier, f"{signing_input}.{longer}") == "bad_signature"


def test_a_zero_at_the_start_of_s_cannot_be_left_out(verifier: Verifier, issuer: Issuer) -> None:
    """About one signature in 512 has such an s whose rest is a number of its own."""
    signing_input, r, s = signed(issuer)
    while s[0] or s[1] >= 0x80:
        signing_input, r, s = signed(issuer)
    shorter = b64url(r + s[1:])
    assert reason(verifier, f"{signing_input}.{shorter}") == "bad_signature"
    assert verifier.verify(f"{signing_input}.{b64url(r + s)}")
