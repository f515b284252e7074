"""The headers that go to the upstream, and those that come back (RFC 9110 section 7.6). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Optional

from torii_backend.proxy.refusal import BAD_REQUEST, BODY_TOO_LARGE, FAILED, RefusedError

Header = tuple[bytes, bytes]
Headers = list[Header]

# What a response may have before its body, as nginx and others allow it.
_MOST_BYTES = 64 * 1024

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_NOT_IN_VALUES = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
_FRAMING_SIZES = (len(b"content-length"), len(b"transfer-encoding"))
_LENGTH = re.compile(rb"[0-9]{1,18}\Z")

_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
# The upstream would believe these, and the client can write anything into them.
_FORWARDING = frozenset((b"forwarded", b"proxy", b"x-real-ip", b"true-client-ip"))
_NOT_SENT = _HOP_BY_HOP | _FORWARDING | {b"expect", b"host", b"content-length", b"cookie"}
_NOT_SENT_PREFIXES = (b"proxy-", b"x-forwarded-", b"cf-")

# The server writes its own.
_OF_SERVERS = frozenset((b"date", b"server"))
# They would speak for the whole origin, which is yours.
_OF_ORIGIN = frozenset(
    (
        b"strict-transport-security",
        b"public-key-pins",
        b"alt-svc",
        b"nel",
        b"report-to",
        b"reporting-endpoints",
        b"expect-ct",
        b"clear-site-data",
        b"service-worker-allowed",
    )
)
_NOT_RETURNED = _HOP_BY_HOP | _OF_SERVERS | _OF_ORIGIN
_WITH_BODY = ("POST", "PUT", "PATCH")


class Framing(NamedTuple):
    """How long the body of a request is (RFC 9112 section 6).

    Attributes:
        length: the bytes that it announces; None if it announces none.
        is_chunked: whether it is sent in chunks, without its length.
    """

    length: Optional[int]
    is_chunked: bool

    @property
    def has_body(self) -> bool:
        """Whether there is anything to read."""
        return self.is_chunked or bool(self.length)

    def headers(self, method: str) -> Headers:
        """Return the headers that say so to the upstream."""
        if self.is_chunked:
            return [(b"Transfer-Encoding", b"chunked")]
        if self.length is None:
            return [(b"Content-Length", b"0")] if method in _WITH_BODY else []
        return [(b"Content-Length", b"%d" % self.length)]


def framing_of(headers: Iterable[Header], max_body: int) -> Framing:
    """Return the framing of a request, or raise RefusedError if it is ambiguous or too long."""
    # By their lengths first: most names are neither.
    framing = [(name.lower(), value) for name, value in headers if len(name) in _FRAMING_SIZES]
    lengths = [value.strip(b" \t") for name, value in framing if name == b"content-length"]
    codings = [value.strip(b" \t") for name, value in framing if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        raise RefusedError(BAD_REQUEST)
    if codings:
        if codings[0].lower() != b"chunked":
            raise RefusedError(BAD_REQUEST)
        return Framing(None, is_chunked=True)
    if not lengths:
        return Framing(None, is_chunked=False)
    if not _LENGTH.match(lengths[0]):
        raise RefusedError(BAD_REQUEST)
    length = int(lengths[0])
    if length > max_body:
        raise RefusedError(BODY_TOO_LARGE)
    return Framing(length, is_chunked=False)


def request_headers(
    headers: Iterable[Header],
    *,
    host: bytes,
    framing: Headers,
    drop_cookies: Collection[bytes] = (),
    forwarded_for: Optional[str] = None,
) -> Headers:
    """Return the headers to send upstream, or raise RefusedError if one can't be sent.

    Args:
        headers: as the client sent them.
        host: of the upstream, with its port unless that is the default.
        framing: the headers that frame the body.
        drop_cookies: the names of cookies that aren't for Torii.
        forwarded_for: the client's address, if it may be sent.
    """
    values: list[bytes] = []
    cookies: list[bytes] = []
    passing: Headers = []
    named: set[bytes] = set()
    for name, sent_value in headers:
        value = sent_value.strip(b" \t")
        values.append(value)
        fate = _known_fate(name) if len(name) <= _COMMON_SIZE else _fate_of(name)
        if fate is _Fate.SENT:
            passing.append((name, value))
        elif fate is _Fate.COOKIE:
            cookies.append(value)
        elif fate is _Fate.NAMES_OTHERS:
            named |= _named_in(value)
    if _NOT_IN_VALUES.search(b"".join(values)):
        raise RefusedError(BAD_REQUEST)
    if named:
        passing = [(name, value) for name, value in passing if name.lower() not in named]
        cookies = [] if b"cookie" in named else cookies
    sent = [(b"Host", host), *passing]
    cookie = b"; ".join(cookies)
    if drop_cookies:
        cookie = _without_cookies(cookie, drop_cookies)
    if cookie:
        sent.append((b"Cookie", cookie))
    if forwarded_for is not None:
        sent.append((b"X-Forwarded-For", forwarded_for.encode("ascii")))
    return sent + framing


def response_headers(headers: Headers) -> Headers:
    """Return the headers to send to the client, or raise RefusedError if one can't be sent."""
    if sum(len(name) + len(value) + 4 for name, value in headers) > _MOST_BYTES:
        raise RefusedError(FAILED)
    if _NOT_IN_VALUES.search(b"".join([value for _, value in headers])):
        raise RefusedError(FAILED)
    names = {name.lower() for name, _ in headers}
    named: set[bytes] = set()
    for name, value in headers:
        if name.lower() == b"connection":
            named |= _named_in(value)
    if b"transfer-encoding" in names:
        # Of the two, only the other counts (RFC 9112 section 6.3).
        named.add(b"content-length")
    returned = [pair for pair in headers if _is_returned(pair[0])]
    if named:
        returned = [(name, value) for name, value in returned if name.lower() not in named]
    if b"cache-control" not in names:
        returned.append((b"Cache-Control", b"no-store"))
    return returned


class _Fate(Enum):
    """What becomes of a header of a request."""

    SENT = 0
    DROPPED = 1
    COOKIE = 2
    NAMES_OTHERS = 3


def _fate_of(name: bytes) -> _Fate:
    key = name.lower()
    if not _NAME.match(key):
        raise RefusedError(BAD_REQUEST)
    if key in _FATES:
        return _FATES[key]
    is_dropped = key in _NOT_SENT or b"_" in key or key.startswith(_NOT_SENT_PREFIXES)
    return _Fate.DROPPED if is_dropped else _Fate.SENT


_FATES = {b"cookie": _Fate.COOKIE, b"connection": _Fate.NAMES_OTHERS}
# The same few names come with each request. A client may make others up, of any length.
_known_fate = lru_cache(maxsize=512)(_fate_of)
_COMMON_SIZE = 64


@lru_cache(maxsize=512)
def _is_returned(name: bytes) -> bool:
    key = name.lower()
    if not _NAME.match(key):
        raise RefusedError(FAILED)
    return key not in _NOT_RETURNED and not key.startswith(b"proxy-")


def _named_in(connection: bytes) -> set[bytes]:
    """Return the headers that are for this connection only (RFC 9110 section 7.6.1)."""
    return {name.strip(b" \t").lower() for name in connection.split(b",")}


def _without_cookies(cookie: bytes, names: Collection[bytes]) -> bytes:
    """Leave cookies out of the value of a Cookie header (RFC 6265 section 4.2.1)."""
    pairs = cookie.split(b";")
    kept = [kept for kept in (_without_named(pair, names) for pair in pairs) if kept is not None]
    return cookie if kept == pairs else b";".join(kept).strip(b" \t")


def _without_named(pair: bytes, names: Collection[bytes]) -> Optional[bytes]:
    """Leave out a pair with one of these names, or what a WSGI server put after a comma with such a name.

    It joins several Cookie headers so. Values may have commas, so all that follows is left out as well.
    """
    parts = pair.split(b",")
    for index, part in enumerate(parts):
        if part.partition(b"=")[0].strip(b" \t") in names:
            return b",".join(parts[:index]) if index else None
    return pair
