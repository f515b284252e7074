"""Strict base64url (RFC 7515 section 2, RFC 4648 section 5): one byte string has one spelling."""

from __future__ import annotations

from binascii import a2b_base64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# The last character carries unused bits unless the length is a multiple of four. They must be 0.
_CANONICAL_ENDS = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")


def is_canonical(segment: bytes) -> bool:
    """Return whether this is canonical, unpadded base64url; takes a third of the time of `decode`."""
    remainder = len(segment) % 4
    if remainder and segment[-1] not in _CANONICAL_ENDS[remainder]:
        return False
    return not segment.translate(None, _ALPHABET)


def decode(segment: bytes) -> bytes:
    """Decode canonical, unpadded base64url; raise ValueError for any other spelling."""
    if not is_canonical(segment):
        raise ValueError("not canonical base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + b"=" * (-len(segment) % 4))
