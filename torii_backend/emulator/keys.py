"""The signing keys of an issuer, as an immutable value.

A set of keys is never changed. It has one key at the start, and each rotation returns another set:
with the older keys if they stay published, or without them if they are withdrawn. The last key
of a set signs. The whole set is in the JWKS.
`Tenant` holds the current set and replaces it under its lock. Readers take no lock: they read the
attribute once, and whatever set they get is complete. So a token may be signed with a key that is
withdrawn at the same time, but never with a key that was never published.
With a database file, the set is kept there as well, and the next process begins with it.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALGORITHM = "ES256"
_CURVE = ec.SECP256R1()
_KID = re.compile(r"[0-9a-f]{32}")
_COORDINATE_BYTES = 32


@dataclass(frozen=True)
class SigningKey:
    """An ES256 key pair and its key id."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new key pair with a new key id."""
        return cls(uuid4().hex, ec.generate_private_key(_CURVE))

    @classmethod
    def load(cls, kid: str, stored: bytes) -> SigningKey:
        """Return the key pair that `stored` returned, or raise ValueError if it is damaged."""
        if not isinstance(kid, str) or not _KID.fullmatch(kid) or not isinstance(stored, bytes):
            raise ValueError("A stored key must have an id and bytes.")
        private_value = int.from_bytes(stored[:_COORDINATE_BYTES], "big")
        key = cls(kid, ec.derive_private_key(private_value, _CURVE))
        # Otherwise a bit that flipped would sign with a key that verifiers don't have for this id.
        if key.stored() != stored:
            raise ValueError("A stored key must match its public key.")
        return key

    def stored(self) -> bytes:
        """Return the private value and the public point, which a database file keeps."""
        numbers = self.private_key.private_numbers()
        public = numbers.public_numbers
        return b"".join(map(_octets, (numbers.private_value, public.x, public.y)))

    def sign(self, payload: bytes) -> str:
        """Return a compact JWS of a payload (RFC 7515 section 3.1, RFC 7518 section 3.4)."""
        header = json.dumps({"alg": ALGORITHM, "typ": "JWT", "kid": self.kid}).encode()
        signed = f"{_encoded(header)}.{_encoded(payload)}"
        signature = decode_dss_signature(self.private_key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_encoded(b''.join(map(_octets, signature)))}"

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JWK (RFC 7517 section 4, RFC 7518 section 6.2.1)."""
        point = self.private_key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "alg": ALGORITHM,
            "use": "sig",
            "kid": self.kid,
            "x": _encoded(_octets(point.x)),
            "y": _encoded(_octets(point.y)),
        }


@dataclass(frozen=True)
class SigningKeys:
    """The published keys of an issuer, oldest first. The newest one signs."""

    published: tuple[SigningKey, ...]

    @classmethod
    def generate(cls) -> SigningKeys:
        """Return a set with one new key."""
        return cls((SigningKey.generate(),))

    @property
    def current(self) -> SigningKey:
        """The key that signs new tokens."""
        return self.published[-1]

    def rotated(self, *, withdraw: bool) -> SigningKeys:
        """Return the set after a rotation, with or without the older keys."""
        older = () if withdraw else self.published
        return SigningKeys((*older, SigningKey.generate()))

    def jwks(self) -> dict[str, Any]:
        """Return the JWKS (RFC 7517 section 5)."""
        return {"keys": [key.jwk() for key in self.published]}


def _octets(number: int) -> bytes:
    return number.to_bytes(_COORDINATE_BYTES, "big")


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
