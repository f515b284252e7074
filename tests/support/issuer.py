"""An issuer that uses no code of torii_backend: cryptography makes its keys, PyJWT its tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from torii_backend import Auth, Verifier

NOW = 1_750_000_000
URL = "https://acme.torii.so"
ABSENT = object()

Part = Union[Mapping[str, Any], bytes]


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class SigningKey:
    """One ES256 key pair under a kid."""

    def __init__(self, kid: str = "key-1") -> None:
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def point(self) -> bytes:
        """The two coordinates of the public key."""
        numbers = self.private.public_key().public_numbers()
        return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key as Torii publishes it; a change to ABSENT removes the member."""
        members = {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": self.kid,
            "x": b64url(self.point[:32]),
            "y": b64url(self.point[32:]),
            **changes,
        }
        return {name: value for name, value in members.items() if value is not ABSENT}

    def der_signature(self, signing_input: bytes) -> bytes:
        return self.private.sign(signing_input, ec.ECDSA(SHA256()))

    def signature(self, signing_input: bytes) -> bytes:
        r, s = decode_dss_signature(self.der_signature(signing_input))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signed(self, header_segment: str, payload_segment: str) -> str:
        """Sign two segments just as they are."""
        signing_input = f"{header_segment}.{payload_segment}"
        return f"{signing_input}.{b64url(self.signature(signing_input.encode()))}"

    def compact(self, header: Part, payload: Part) -> str:
        """Make a token by hand, out of objects or of raw bytes."""
        return self.signed(b64url(_bytes(header)), b64url(_bytes(payload)))


class Issuer:
    """A tenant with one signing key, its tokens and its key set."""

    def __init__(self, url: str = URL, key: Optional[SigningKey] = None) -> None:
        self.url = url
        self.key = key or SigningKey()
        self.fetched: list[str] = []

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a token that is good at NOW; a change to ABSENT removes one."""
        claims = {
            "iss": self.url,
            "sub": "user_ada",
            "pid": "env_1",
            "iat": NOW,
            "exp": NOW + 300,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not ABSENT}

    def token(self, **changes: Any) -> str:
        """A token by PyJWT."""
        return jwt.encode(
            self.claims(**changes), self.key.private, "ES256", headers={"kid": self.key.kid}
        )

    def odd_token(self, *, header: Optional[Mapping[str, Any]] = None, **changes: Any) -> str:
        """A token by hand, with header members and claims that PyJWT would refuse to write."""
        return self.key.compact(self.header(**(header or {})), self.claims(**changes))

    def header(self, **changes: Any) -> dict[str, Any]:
        members = {"alg": "ES256", "typ": "JWT", "kid": self.key.kid, **changes}
        return {name: value for name, value in members.items() if value is not ABSENT}

    def fetch(self, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        """What a Verifier takes as `fetch`: serves the key set in this process."""
        assert timeout > 0
        self.fetched.append(url)
        return jwks(self.key), {}


def jwks(*keys: Union[SigningKey, Any]) -> bytes:
    """A JWKS document of keys and other members."""
    members = [key.jwk() if isinstance(key, SigningKey) else key for key in keys]
    return json.dumps({"keys": members}).encode("ascii")


def auth_of(verifier: Verifier, issuer: Issuer, **claims: Any) -> Auth:
    """The Auth of a token with these claims."""
    return verifier.verify(issuer.odd_token(**claims))


def _bytes(part: Part) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode("ascii")
