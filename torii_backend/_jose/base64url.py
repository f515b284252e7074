"""Strict base64url (RFC 7515 section 2, RFC 4648 section 5): one byte string has one spelling."""

from __future__ import annotations

import sys
from binascii import a2b_base64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# '+', '/' and '=' become a byte outside the alphabet, so that only the URL-safe spelling decodes.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/***")
_PADDING = (b"", None, b"==", b"=")
# The last character carries unused bits unless the length is a multiple of four. They must be 0.
_CANONICAL_ENDS = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")


def decode(segment: bytes) -> bytes:
    """Decode canonical, unpadded base64url; raise ValueError for any other spelling."""
    remainder = len(segment) % 4
    padding = _PADDING[remainder]
    if padding is None or (remainder and segment[-1] not in _CANONICAL_ENDS[remainder]):
        raise ValueError("not canonical base64url")
    return _strict(segment.translate(_TO_STANDARD) + padding)


if sys.version_info >= (3, 11):

    def _strict(padded: bytes) -> bytes:
        return a2b_base64(padded, strict_mode=True)

else:
    _STANDARD = _ALPHABET.translate(_TO_STANDARD)

    def _strict(padded: bytes) -> bytes:
        if padded.translate(None, _STANDARD).strip(b"="):
            raise ValueError("not canonical base64url")
        return a2b_base64(padded)
