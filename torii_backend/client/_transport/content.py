"""Response bodies: read and decompressed in pieces, so that no more than `MAX_BYTES` are ever held.

urllib3 below 2.6 decompresses whatever a piece expands to, and no version bounds every encoding. So
we ask for gzip and deflate only, decompress them ourselves, and refuse all others.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, Optional

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from torii_backend.client._transport.response import MAX_BYTES, BodyErrorKind

_CHUNK_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 100  # a real response has one
_PLAIN = ("", "identity")
_COMPRESSED = ("gzip", "x-gzip", "deflate")


def accepted_encodings(headers: Mapping[str, Any]) -> str:
    """Return the Accept-Encoding to send, for a session with these headers."""
    wanted = headers.get("Accept-Encoding")
    return "gzip, deflate" if isinstance(wanted, str) and "gzip" in wanted else "identity"


def read_body(received: requests.Response) -> tuple[bytes, Optional[BodyErrorKind]]:
    """Read the body of a response that is being streamed."""
    encoding = received.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {*_PLAIN, *_COMPRESSED}:
        return b"", "in an encoding that was not asked for"
    decompressor = _Decompressor(encoding) if encoding in _COMPRESSED else None
    body, received_bytes = bytearray(), 0
    try:
        for piece in _pieces(received.raw):
            received_bytes += len(piece)
            room = MAX_BYTES + 1 - len(body)
            body += decompressor.feed(piece, room) if decompressor else piece
            if max(received_bytes, len(body)) > MAX_BYTES:
                return bytes(body[:MAX_BYTES]), "too large"
    except ReadTimeoutError:
        return bytes(body), "stalled"
    except zlib.error:
        return bytes(body), "damaged"
    except (HTTPError, HTTPException, OSError):
        return bytes(body), "cut off"
    # Older versions of urllib3 take a truncated body for a complete one.
    is_cut = bool(getattr(received.raw, "length_remaining", None))
    is_cut = is_cut or (decompressor is not None and decompressor.is_incomplete)
    return bytes(body), "cut off" if is_cut else None


def _pieces(raw: Any) -> Iterator[bytes]:
    """Give the body as it arrives, without chunk headers, but still compressed."""
    if hasattr(raw, "stream"):
        yield from raw.stream(_CHUNK_BYTES, decode_content=False)
        return
    while piece := raw.read(_CHUNK_BYTES):  # some adapters for tests have a plain file
        yield piece


class _Decompressor:
    """Decompresses gzip, of one or more members, and deflate, with or without the header of zlib."""

    def __init__(self, encoding: str) -> None:
        self._is_gzip = encoding != "deflate"
        self._zlib: Any = None  # within a stream only
        self._held = b""  # the first byte of a stream, until the second arrives
        self._ended = 0  # how many streams

    @property
    def is_incomplete(self) -> bool:
        """Return whether a stream has begun and not ended."""
        return self._zlib is not None or bool(self._held)

    def feed(self, data: bytes, room: int) -> bytes:
        """Return at most `room` bytes of what comes out; drop padding after the end."""
        found = bytearray()
        data, self._held = self._held + data, b""
        while data and len(found) < room:
            if self._zlib is None:
                if self._ended and not (self._is_gzip and data.startswith(b"\x1f")):
                    break
                if self._ended == _MOST_MEMBERS:
                    raise zlib.error
                if len(data) < 2:
                    self._held = data
                    break
                self._zlib = zlib.decompressobj(_GZIP if self._is_gzip else _wbits(data))
            found += self._zlib.decompress(data, room - len(found))
            if self._zlib.eof:
                data, self._zlib = self._zlib.unused_data, None
                self._ended += 1
            else:
                data = self._zlib.unconsumed_tail
        return bytes(found)


def _wbits(start: bytes) -> int:
    """Tell a stream with the header of RFC 1950 from a bare one, which some servers send."""
    has_header = start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
