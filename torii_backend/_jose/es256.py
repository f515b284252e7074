"""ES256 signatures (RFC 7518 section 3.4), verified with a public P-256 key. Pure."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.hashes import SHA256

_BYTES = 32
_ES256 = ECDSA(SHA256())
# How DER begins a SEQUENCE and an INTEGER of so many bytes.
_SEQUENCE = [bytes((0x30, length)) for length in range(2 * (_BYTES + 3) + 1)]
_INTEGER = [bytes((0x02, length)) for length in range(_BYTES + 2)]


class VerificationKey:
    """One public key of an issuer: a P-256 point of two coordinates with 32 bytes each."""

    __slots__ = ("_verify", "kid", "point")

    def __init__(self, kid: str, x: bytes, y: bytes) -> None:
        if len(x) != _BYTES or len(y) != _BYTES:
            raise ValueError("a P-256 coordinate has 32 bytes")
        numbers = EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1()
        )
        self._verify = numbers.public_key().verify
        self.kid: str = kid
        self.point: bytes = x + y

    def verify(self, signature: bytes, signing_input: bytes) -> bool:
        """Return whether a signature, the 64 bytes r and s, is valid for the input."""
        if len(signature) != 2 * _BYTES:
            return False
        r, s = _der_integer(signature[:_BYTES]), _der_integer(signature[_BYTES:])
        try:
            self._verify(_SEQUENCE[len(r) + len(s)] + r + s, signing_input, _ES256)
        except InvalidSignature:
            return False
        return True


def _der_integer(magnitude: bytes) -> bytes:
    """Encode an unsigned number of 32 bytes as a DER INTEGER (X.690 section 8.3)."""
    first = magnitude[0]
    if first >= 0x80:
        return b"\x02\x21\0" + magnitude
    if first:
        return b"\x02\x20" + magnitude
    digits = magnitude.lstrip(b"\0")
    if not digits or digits[0] >= 0x80:
        digits = b"\0" + digits
    return _INTEGER[len(digits)] + digits
