"""A JWKS document (RFC 7517 section 5) becomes verification keys. Pure: bytes in, keys out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from torii_backend._jose import base64url
from torii_backend._jose.es256 import VerificationKey
from torii_backend._jose.json_object import decode_object

MAX_KEYS = 100


def parse_jwks(document: bytes) -> dict[str, VerificationKey]:
    """Return the ES256 keys of a JWKS document by kid; raise ValueError if it is not a JWK set.

    A member that is not a usable ES256 key is skipped and never disables the others. Of two keys
    under one kid the first counts. At most MAX_KEYS keys are taken.
    """
    try:
        members = decode_object(document).get("keys")
    except ValueError:
        raise ValueError("the document is not a JSON object") from None
    if not isinstance(members, tuple):
        raise ValueError("the document is not a JWK set")
    keys: dict[str, VerificationKey] = {}
    for jwk in members:
        key = _verification_key(jwk) if _is_for_es256(jwk) else None
        if key is not None:
            keys.setdefault(jwk["kid"], key)
        if len(keys) == MAX_KEYS:
            break
    return keys


def _is_for_es256(jwk: Any) -> bool:
    """Return whether a JWK claims to verify ES256 signatures (RFC 7517 section 4)."""
    return (
        isinstance(jwk, Mapping)
        and jwk.get("kty") == "EC"
        and jwk.get("crv") == "P-256"
        and isinstance(jwk.get("kid"), str)
        and jwk["kid"] != ""
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "ES256") == "ES256"
        and _allows_verify(jwk.get("key_ops", ("verify",)))
        # With a published private key, anyone can sign.
        and "d" not in jwk
    )


def _allows_verify(key_ops: Any) -> bool:
    return isinstance(key_ops, tuple) and "verify" in key_ops


def _verification_key(jwk: Mapping[str, Any]) -> Optional[VerificationKey]:
    """Return the key, or None if a coordinate is malformed or off the curve (RFC 7518 6.2.1)."""
    try:
        x, y = (base64url.decode(jwk[name].encode("ascii")) for name in ("x", "y"))
        return VerificationKey(jwk["kid"], x, y)
    except (KeyError, AttributeError, ValueError):
        return None
