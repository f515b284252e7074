"""The bearer token of a request (RFC 6750 section 2.1), out of any kind of headers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional, Union

from torii_backend._jose.jws import MAX_TOKEN_BYTES, Sealed, seal
from torii_backend.errors import InvalidRequest, MissingCredentials, ToriiAuthError

Headers = Union[Mapping[Any, Any], Iterable[tuple[Any, Any]]]

# RFC 6750 section 2.1. Without a regular expression, which takes most of a guard's time.
_B64TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/-"
# The closing quote is optional, so an unterminated string can't cause quadratic backtracking.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
# A comma, then a word and a value that no "=" joins: the start of a second set of credentials.
_SECOND_CREDENTIALS = re.compile(r",[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]+[^\s=,]")


def bearer_token(
    headers: Optional[Headers], header: str = "authorization", scheme: Optional[str] = "bearer"
) -> str:
    """Find the one bearer token of a request.

    Args:
        headers: a mapping or an iterable of pairs; names in any case, as str or bytes, also in the
            spelling of WSGI and Django (`HTTP_AUTHORIZATION`); values as str, bytes, a
            list of these, or None for an absent header. None if there are no headers at all.
        header: name of the header that carries the token, in lower case.
        scheme: None if the header carries the token alone.

    Returns:
        The token, not verified.

    Raises:
        MissingCredentials: no such header, or credentials of another scheme.
        InvalidRequest: several credentials, or a bearer token that is empty or malformed.
        TypeError: `headers` is neither a mapping nor pairs.
    """
    return parse_bearer(schemed(header_values(headers, header), scheme))


def parse_bearer(values: list[str]) -> str:
    """Find the one bearer token in the credentials of a request.

    Args:
        values: the values of the header that carries the token.

    Returns:
        The token, not verified.

    Raises:
        MissingCredentials: there are none, or those of another scheme.
        InvalidRequest: several credentials, or a bearer token that is empty or malformed.
    """
    if not values:
        raise MissingCredentials
    if len(values) > 1:
        raise InvalidRequest("The request has more than one set of credentials.")
    scheme, _, token = values[0].strip(" \t").partition(" ")
    scheme = scheme.lower()
    if scheme != "bearer":
        if _SECOND_CREDENTIALS.search(_QUOTED.sub("", values[0])):
            raise InvalidRequest("The request has more than one set of credentials.")
        if scheme.split(None, 1)[:1] == ["bearer"]:
            raise InvalidRequest
        raise MissingCredentials
    token = token.strip(" \t")
    # Beyond its limit a token is refused by the verifier, before any work on its characters.
    if len(token) <= MAX_TOKEN_BYTES:
        unpadded = token.rstrip("=").encode("ascii", "replace")
        if not unpadded or unpadded.translate(None, _B64TOKEN):
            raise InvalidRequest
    return token


def find_bearer(values: list[str]) -> Union[Sealed, ToriiAuthError]:
    """Return the token that `parse_bearer` finds, or its refusal without the frames that saw values."""
    # Nearly all write it like this, and that is found out in less time.
    if len(values) == 1 and values[0].startswith("Bearer "):
        token = values[0][7:]
        is_short = 0 < len(token) <= MAX_TOKEN_BYTES and token.isascii()
        if is_short and not token.encode().translate(None, _B64TOKEN):
            return Sealed(token.encode)
    try:
        return seal(parse_bearer(values))
    except ToriiAuthError as refusal:
        return refusal.with_traceback(None)


def schemed(values: list[str], scheme: Optional[str]) -> list[str]:
    """Return the values of a header as credentials, if it carries a token without a scheme."""
    return values if scheme else [f"Bearer {value}" for value in values]


def header_values(headers: Optional[Headers], header: str) -> list[str]:
    """List the values of one header, see `bearer_token`."""
    values: list[str] = []
    if headers is None:
        return values
    spellings = [header]
    if isinstance(headers, dict):
        # Only here: among other headers, one that is called HTTP_AUTHORIZATION came from outside.
        spellings.append("http_" + header.replace("-", "_"))
    lengths = [len(spelling) for spelling in spellings]
    for name, value in _pairs(headers):
        if len(name) in lengths and _text(name).lower() in spellings:
            entries = value if isinstance(value, (list, tuple)) else (value,)
            values += [_text(entry) for entry in entries if entry is not None]
    return values


def _pairs(headers: Headers) -> Iterator[tuple[Any, Any]]:
    pairs = headers.items() if hasattr(headers, "items") else headers  # pyright: ignore[reportAttributeAccessIssue]
    try:
        for name, value in pairs:
            if isinstance(name, (str, bytes)):
                yield name, value
    except (TypeError, ValueError):
        raise TypeError("headers must be a mapping or an iterable of (name, value) pairs") from None


def _text(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError("header values must be str or bytes, or lists of these")
