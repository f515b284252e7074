"""Strict parsing of a compact JWS (RFC 7515 section 7.1). Pure. The result is not trusted yet."""

from __future__ import annotations

from typing import Any, Union

import msgspec

from torii_backend._jose import base64url
from torii_backend._jose.json_object import decode_object
from torii_backend.errors import InvalidToken

MAX_TOKEN_BYTES = 16 * 1024


class JWS(msgspec.Struct, frozen=True, gc=False):
    """The parts of a token; `header` is still encoded, and the signature is over `signing_input`."""

    header: bytes
    signing_input: bytes
    payload: dict[str, Any]
    signature: bytes


def token_bytes(token: Union[str, bytes]) -> bytes:
    """Return a token as bytes, if it is ASCII text of at most MAX_TOKEN_BYTES."""
    if isinstance(token, str):
        if len(token) <= MAX_TOKEN_BYTES and token.isascii():
            return token.encode()
    elif isinstance(token, bytes) and len(token) <= MAX_TOKEN_BYTES:
        return token
    raise InvalidToken("malformed")


def parse_compact(token: bytes) -> JWS:
    """Decode the payload and the signature of a token."""
    # With more or fewer than three segments, one contains a dot or is empty. Neither decodes.
    signing_input, _, signature = token.rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    try:
        claims = decode_object(base64url.decode(payload))
        return JWS(header, signing_input, claims, base64url.decode(signature))
    except ValueError:
        raise InvalidToken("malformed") from None


def parse_header(segment: bytes) -> str:
    """Check a header segment and return its kid. Keys and URLs in the header are ignored."""
    try:
        header = decode_object(base64url.decode(segment))
    except ValueError:
        raise InvalidToken("malformed") from None
    if header.get("alg") != "ES256":
        raise InvalidToken("unsupported_algorithm")
    # RFC 7515 section 4.1.11 and RFC 7797: unknown extensions must be rejected.
    if "crit" in header or header.get("b64", True) is not True:
        raise InvalidToken("malformed")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise InvalidToken("malformed")
    return kid
