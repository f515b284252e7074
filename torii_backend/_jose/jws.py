"""Strict parsing of a compact JWS (RFC 7515 section 7.1). Pure. What it says is not trusted yet.

Error trackers send the local variables of each function that an exception leaves, and look into
lists, mappings and objects. So a token is kept as a method of its string, which shows nothing of it,
in a `Sealed`. Who has the token or a part of it in a variable raises nothing, but returns None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import msgspec

from torii_backend._jose.base64url import decode, is_canonical
from torii_backend._jose.json_object import (
    decode_object,
    measured_object,
    peek,
    require_few_containers,
)
from torii_backend.errors import InvalidToken

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey
    from torii_backend.errors import InvalidTokenReason

MAX_TOKEN_BYTES = 16 * 1024
# Headers have about 100 bytes. This has room for a key and two certificates, which are ignored.
MAX_HEADER_BYTES = 4 * 1024
_MAX_NAMED = 8

_NOTHING = msgspec.Raw()
_NAMED = re.compile(rb'"iss"\s*:\s*("(?:[^"\\]|\\.)*")')


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


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A token in ASCII, which `reveal` returns; empty if there is none that could be good."""

    reveal: Callable[[], bytes]

    def header(self) -> bytes:
        """Return the header segment, which holds no secret."""
        return self.reveal().partition(b".")[0]

    def is_well_formed(self) -> bool:
        """Return whether there are three segments, of which payload and signature are base64url."""
        # With more or fewer than three segments, one contains a dot or is empty.
        signing_input, _, signature = self.reveal().rpartition(b".")
        payload = signing_input.partition(b".")[2]
        return bool(payload) and is_canonical(payload) and is_canonical(signature)

    def claims(self, key: VerificationKey) -> Union[tuple[dict[str, Any], int], InvalidTokenReason]:
        """Return the claims and how many bytes they take, if the signature is valid; else what is wrong."""
        signing_input, _, signature = self.reveal().rpartition(b".")
        payload = signing_input.partition(b".")[2]
        try:
            if key.verify(decode(signature), signing_input):
                return measured_object(decode(payload))
        except ValueError:
            return "malformed"
        return "bad_signature"

    def unverified_claims(self) -> Optional[dict[str, Any]]:
        """Return the claims, whoever made them, or None if the payload is malformed."""
        try:
            return decode_object(decode(self.reveal().rpartition(b".")[0].partition(b".")[2]))
        except ValueError:
            return None

    def issuer(self, known: Mapping[str, object]) -> Optional[dict[str, Any]]:
        """Return the claim `iss` alone, if there is one, or None if the payload is malformed.

        Args:
            known: the issuers that count, by all spellings.
        """
        try:
            text = decode(self.reveal().rpartition(b".")[0].partition(b".")[2])
            found = peek(text, _issuer)
            if found is None:
                return _named_issuer(text, known)
        except ValueError:
            return None
        return {"iss": _text_or_none(found.iss)} if bytes(found.iss) else {}


def seal(token: Union[str, bytes, Sealed]) -> Sealed:
    """Return a token sealed, if it is ASCII text of at most MAX_TOKEN_BYTES."""
    if type(token) is str:
        if len(token) <= MAX_TOKEN_BYTES and token.isascii():
            return Sealed(token.encode)
    elif type(token) is Sealed:
        return token
    elif isinstance(token, (str, bytes)) and len(token) <= MAX_TOKEN_BYTES and token.isascii():
        return Sealed((token if isinstance(token, str) else token.decode()).encode)
    return Sealed("".encode)


def parse_header(segment: bytes) -> str:
    """Check a header segment and return its kid. Keys and URLs in the header are ignored."""
    try:
        header = peek(decode(segment), _header) if len(segment) <= MAX_HEADER_BYTES else None
    except ValueError:
        header = None
    if header is None:
        raise InvalidToken("malformed")
    if _text_or_none(header.alg) != "ES256":
        raise InvalidToken("unsupported_algorithm")
    # RFC 7515 section 4.1.11 and RFC 7797: unknown extensions must be rejected.
    if bytes(header.crit) or bytes(header.b64) not in {b"", b"true"}:
        raise InvalidToken("malformed")
    kid = _text_or_none(header.kid)
    if not kid:
        raise InvalidToken("malformed")
    return kid


def _named_issuer(text: bytes, known: Mapping[str, object]) -> dict[str, Any]:
    """Return the `iss` of a payload that is not trusted and has too many objects and arrays to peek.

    It may as well be the `iss` of a nested object. That lets no token pass: the issuer only says
    which key is to verify it, and its claims are decoded in full after that.
    """
    found = islice(_NAMED.finditer(text), _MAX_NAMED)
    named = [name for name in (_text_or_none(msgspec.Raw(each[1])) for each in found) if name]
    counting = {known[name]: name for name in named if name in known}
    if len(counting) > 1:
        return decode_object(text)
    named[:0] = counting.values()
    if named:
        return {"iss": named[0]}
    require_few_containers(text)
    return {}


def _text_or_none(value: msgspec.Raw) -> Optional[str]:
    try:
        return _text(value)
    except (msgspec.DecodeError, RecursionError):
        return None
