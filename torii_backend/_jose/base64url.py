"""Strict base64url (RFC 7515 section 2, RFC 4648 section 5): one byte string has one spelling."""

from __future__ import annotations

import msgspec

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# All other characters become one that means nothing in base64, nor in a JSON string.
_ONLY_STANDARD = bytes(_TO_STANDARD[code] if code in _ALPHABET else ord("*") for code in range(256))
# The last character carries unused bits unless the length is a multiple of four. They must be 0.
# It is looked up as a number, as to find bytes in bytes takes ten times as long.
_CANONICAL_ENDS = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")
_PADDING = (b'"', b'"', b'=="', b'="')
# Reads a JSON string of padded base64. `a2b_base64` takes twice as long.
_decode = msgspec.json.Decoder(bytes).decode


def is_canonical(segment: bytes) -> bool:
    """Return whether this is canonical, unpadded base64url, without decoding it."""
    if segment and segment[-1] not in _CANONICAL_ENDS[len(segment) % 4]:
        return False
    return not segment.translate(None, _ALPHABET)


def decode(segment: bytes) -> bytes:
    """Decode canonical, unpadded base64url; raise ValueError for any other spelling."""
    remainder = len(segment) % 4
    if segment and segment[-1] not in _CANONICAL_ENDS[remainder]:
        raise ValueError("not canonical base64url")
    try:
        return _decode(b'"' + segment.translate(_ONLY_STANDARD) + _PADDING[remainder])
    except msgspec.DecodeError:
        raise ValueError("not canonical base64url") from None
