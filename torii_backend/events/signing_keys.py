"""The secrets of webhooks: read, and kept as keys whose repr shows nothing of them. Pure.

Nothing here raises while it has a secret in a variable, see `webhook.py`.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Optional, Union

Secret = Union[str, bytes]
Secrets = Union[Secret, Sequence[Secret]]

_MAX_SECRETS = 8
_MIN_KEY_BYTES = 16
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")

_MISSING = (
    "secret must be set, such as whsec_… from your Torii dashboard. "
    "Pass it, or set TORII_WEBHOOK_SECRET."
)
_MALFORMED = (
    "secret must be base64 of at least 16 bytes, with or without whsec_ in front, "
    "or whpk_ and the base64 of 32 bytes."
)


class SymmetricKey:
    """A key of HMAC-SHA256 (`v1`).

    It is kept as two hash states (RFC 2104 section 4), which show nothing of it and take half the time
    of the module hmac.
    """

    __slots__ = ("_inner", "_outer")
    version = "v1"

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else sha256(key).digest()).ljust(64, b"\0")
        self._inner = sha256(block.translate(_INNER_PAD))
        self._outer = sha256(block.translate(_OUTER_PAD))

    def sign(self, content: bytes) -> bytes:
        """Return the signature in base64."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return b2a_base64(outer.digest(), newline=False)

    def is_signed(self, content: bytes, signatures: list[bytes]) -> bool:
        """Return whether one of the signatures is right. It compares all of them."""
        # As base64, which has one canonical spelling. Nothing that a client sent is decoded.
        expected = self.sign(content)
        found = False
        for each in signatures:
            found |= compare_digest(expected, each)
        return found


class PublicKey:
    """A public key of Ed25519 (`v1a`)."""

    __slots__ = ("_key",)
    version = "v1a"

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self._key = Ed25519PublicKey.from_public_bytes(key)

    def is_signed(self, content: bytes, signatures: list[bytes]) -> bool:
        """Return whether one of the signatures is right."""
        return any(self._verifies(each, content) for each in signatures)

    def _verifies(self, signature: bytes, content: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            decoded = a2b_base64(signature)
            self._key.verify(decoded, content)
        except (InvalidSignature, Base64Error):
            return False
        return b2a_base64(decoded, newline=False) == signature


Key = Union[SymmetricKey, PublicKey]


def split_secrets(secret: Optional[Secrets]) -> Union[tuple[Secret, ...], str]:
    """Return the secrets, or what is wrong with them."""
    if isinstance(secret, str):
        found: list[Any] = secret.replace(",", " ").split()
    elif isinstance(secret, (list, tuple, set, frozenset)):
        found = [each.strip() if isinstance(each, str) else each for each in secret]
    else:
        found = [] if secret is None else [secret]
    if not all(isinstance(each, (str, bytes)) for each in found):
        return "secret must be a string, bytes, or a list of these."
    if not found or not all(found):
        return _MISSING
    if len(found) > _MAX_SECRETS:
        return f"secret must be at most {_MAX_SECRETS} secrets."
    return tuple(found)


def read_key(secret: Secret) -> Union[Key, str]:
    """Return the key in a secret, or what is wrong with it."""
    if isinstance(secret, bytes):
        if secret.startswith((b"whsec_", b"whpk_", b"whsk_")):
            return "secret must be a string if it begins with whsec_ or whpk_."
        return SymmetricKey(secret) if len(secret) >= _MIN_KEY_BYTES else _MALFORMED
    if secret.startswith("whsk_"):
        return "secret must be the public key, which begins with whpk_. whsk_ is the sender's own."
    is_public = secret.startswith("whpk_")
    key = _decoded(secret[5:] if is_public else secret.removeprefix("whsec_"))
    if is_public:
        return PublicKey(key) if len(key) == 32 else _MALFORMED
    return SymmetricKey(key) if len(key) >= _MIN_KEY_BYTES else _MALFORMED


def _decoded(text: str) -> bytes:
    """Decode base64, padded or not; nothing if it is not base64."""
    if not _BASE64.match(text):
        return b""
    digits = text.rstrip("=")
    try:
        return a2b_base64(digits + "=" * (-len(digits) % 4))
    except Base64Error:
        return b""
