"""SigningKeys: the key that signs now and the keys that the issuer publishes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "ES256"
_COORDINATE_BYTES = 32


@dataclass(frozen=True)
class SigningKey:
    """One ES256 key pair and the key id that tokens name it by."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a key pair that never existed before, with a fresh key id."""
        return cls(uuid4().hex, ec.generate_private_key(ec.SECP256R1()))

    def jwk(self) -> dict[str, str]:
        """Give the public half as a JSON Web Key (RFC 7517 section 4, RFC 7518 section 6.2.1)."""
        point = self.private_key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "alg": ALGORITHM,
            "use": "sig",
            "kid": self.kid,
            "x": _encoded(point.x),
            "y": _encoded(point.y),
        }


@dataclass(frozen=True)
class SigningKeys:
    """The keys of one issuer, oldest first: all are published, the newest signs."""

    published: tuple[SigningKey, ...]

    @classmethod
    def generate(cls) -> SigningKeys:
        """Make a set of one fresh key."""
        return cls((SigningKey.generate(),))

    @property
    def current(self) -> SigningKey:
        """The key that signs new tokens."""
        return self.published[-1]

    def rotated(self, *, withdraw: bool) -> SigningKeys:
        """Make the set that follows this one, in which a fresh key signs.

        Args:
            withdraw: whether the older keys leave the set; otherwise they stay published.
        """
        older = () if withdraw else self.published
        return SigningKeys((*older, SigningKey.generate()))

    def jwks(self) -> dict[str, Any]:
        """Give the JWKS document that publishes the set (RFC 7517 section 5)."""
        return {"keys": [key.jwk() for key in self.published]}


def _encoded(coordinate: int) -> str:
    return urlsafe_b64encode(coordinate.to_bytes(_COORDINATE_BYTES, "big")).rstrip(b"=").decode()
