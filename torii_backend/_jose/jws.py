"""Strict parsing of a compact JWS (RFC 7515 section 7.1). Pure. The result is not trusted yet.

Error trackers send the local variables of each function that an exception leaves, and look into
lists, mappings and objects. So a token and its parts are kept inside functions, which belong to a
`Sealed` or a `JWS`. Who has them in a variable raises nothing, but returns None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import msgspec

from torii_backend._jose import base64url
from torii_backend._jose.json_object import decode_object, memory_of, peek
from torii_backend.errors import InvalidToken

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

MAX_TOKEN_BYTES = 16 * 1024

_NOTHING = msgspec.Raw()


class _Header(msgspec.Struct):
    alg: msgspec.Raw = _NOTHING
    crit: msgspec.Raw = _NOTHING
    b64: msgspec.Raw = _NOTHING
    kid: msgspec.Raw = _NOTHING


class _Issuer(msgspec.Struct):
    iss: msgspec.Raw = _NOTHING


_header = msgspec.json.Decoder(_Header).decode
_issuer = msgspec.json.Decoder(_Issuer).decode
_text = msgspec.json.Decoder(str).decode


class Sealed:
    """A token in ASCII, which `reveal` returns; empty if there is none that could be good."""

    __slots__ = ("reveal",)

    def __init__(self, token: bytes) -> None:
        self.reveal: Callable[[], bytes] = lambda: token


class JWS:
    """The parts of a token. The header segment can be read, as it holds no secret."""

    __slots__ = ("_payload", "_signed", "header", "memory")

    def __init__(
        self, header: bytes, signing_input: bytes, payload: bytes, signature: bytes
    ) -> None:
        self.header: bytes = header
        self.memory: int = 0  # what the claims take, once they are decoded
        self._signed: Callable[[], tuple[bytes, bytes]] = lambda: (signature, signing_input)
        self._payload: Callable[[], bytes] = lambda: payload

    def is_signed_by(self, key: VerificationKey) -> bool:
        """Return whether the signature is valid."""
        return key.verify(*self._signed())

    def claims(self) -> Optional[dict[str, Any]]:
        """Return the claims, or None if the payload is malformed."""
        try:
            text = base64url.decode(self._payload())
            self.memory = memory_of(text)
            return decode_object(text)
        except ValueError:
            return None

    def issuer(self) -> Optional[dict[str, Any]]:
        """Return the claim `iss` alone, if there is one, or None if the payload is malformed."""
        try:
            iss = peek(base64url.decode(self._payload()), _issuer).iss
        except ValueError:
            return None
        return {"iss": _text_or_none(iss)} if bytes(iss) else {}


def seal(token: Union[str, bytes, Sealed]) -> Sealed:
    """Return a token sealed, if it is ASCII text of at most MAX_TOKEN_BYTES."""
    if type(token) is Sealed:
        return token
    if isinstance(token, str):
        if len(token) <= MAX_TOKEN_BYTES and token.isascii():
            return Sealed(token.encode())
    elif isinstance(token, bytes) and len(token) <= MAX_TOKEN_BYTES:
        return Sealed(token)
    return Sealed(b"")


def parse_compact(sealed: Sealed) -> Optional[JWS]:
    """Return the parts of a token, or None if it is malformed. The payload is not decoded yet."""
    # With more or fewer than three segments, one contains a dot or is empty.
    signing_input, _, signature = sealed.reveal().rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    if not (payload and base64url.is_canonical(payload) and base64url.is_canonical(signature)):
        return None
    return JWS(header, signing_input, payload, base64url.decode(signature))


def parse_header(segment: bytes) -> str:
    """Check a header segment and return its kid. Keys and URLs in the header are ignored."""
    try:
        header = peek(base64url.decode(segment), _header)
    except ValueError:
        raise InvalidToken("malformed") from None
    if _text_or_none(header.alg) != "ES256":
        raise InvalidToken("unsupported_algorithm")
    # RFC 7515 section 4.1.11 and RFC 7797: unknown extensions must be rejected.
    if bytes(header.crit) or bytes(header.b64) not in {b"", b"true"}:
        raise InvalidToken("malformed")
    kid = _text_or_none(header.kid)
    if not kid:
        raise InvalidToken("malformed")
    return kid


def _text_or_none(value: msgspec.Raw) -> Optional[str]:
    try:
        return _text(value)
    except (msgspec.DecodeError, RecursionError):
        return None
