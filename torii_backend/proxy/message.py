"""A request on its way through the proxy, and the response that comes back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple, Optional

from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import IncomingRequest
from torii_backend.proxy.headers import (
    Framing,
    Header,
    Headers,
    framing_of,
    request_headers,
    response_headers,
)
from torii_backend.proxy.refusal import FAILED, METHOD_NOT_ALLOWED, METHODS, RefusedError
from torii_backend.proxy.settings import ProxySettings

_VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
_WITHOUT_BODY = (204, 304)
_SAFE = ("GET", "HEAD", "OPTIONS")


class OutgoingRequest(NamedTuple):
    """What is sent upstream, but for the body.

    Attributes:
        method: one of METHODS.
        target: in origin-form, byte for byte what the client sent.
        headers: to send, in order.
        framing: of the body.
    """

    method: str
    target: bytes
    headers: Headers
    framing: Framing

    @property
    def path(self) -> str:
        """The path without the query, for the log."""
        return self.target.partition(b"?")[0].decode("ascii")

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again if a connection breaks (RFC 9110 section 9.2.2)."""
        return self.method in _SAFE and not self.framing.has_body


class ResponseHead(NamedTuple):
    """Status and headers of a response.

    Attributes:
        status: such as 200.
        phrase: the words beside it.
        headers: to return, in order.
        length: the bytes of the body that will come; None if that isn't known.
    """

    status: int
    phrase: str
    headers: Headers
    length: Optional[int] = None


def outgoing_request(
    settings: ProxySettings,
    request: IncomingRequest,
    target: bytes,
    headers: Iterable[Header],
    drop_cookies: frozenset[bytes] = frozenset(),
    *,
    may_stream: bool = False,
) -> OutgoingRequest:
    """Return what to send upstream, or raise RefusedError.

    Args:
        settings: of the proxy.
        request: as the server gave it.
        target: in origin-form, below the prefix.
        headers: as the client sent them.
        drop_cookies: cookies of the framework.
        may_stream: whether there is a body even if no header says so, as in HTTP/2.
    """
    if request.method not in METHODS:
        raise RefusedError(METHOD_NOT_ALLOWED)
    received = list(headers)
    framing = framing_of(received, settings.max_body)
    if may_stream and framing.length is None:
        framing = Framing(None, is_chunked=True)
    sent = request_headers(
        received,
        host=settings.upstream.authority,
        framing=framing.headers(request.method),
        drop_cookies=settings.drop_cookies | drop_cookies,
        forwarded_for=settings.client_address(request),
    )
    return OutgoingRequest(request.method, target, sent, framing)


def response_head(
    method: str, status: int, headers: Headers, *, phrase: bytes, version: bytes
) -> ResponseHead:
    """Return what to send to the client, or raise RefusedError if the response isn't usable.

    Args:
        method: of the request.
        status: a status below 200 is a switch of protocols, and servers have none above 599.
        headers: as they came.
        phrase: the words beside the status.
        version: of HTTP.
    """
    if not 200 <= status <= 599 or version not in _VERSIONS:
        raise RefusedError(FAILED)
    words = phrase.decode("latin-1")
    if not words or not words.isprintable():
        words = _phrase(status)
    returned = response_headers(headers)
    lengths = [int(value) for name, value in returned if name.lower() == b"content-length"]
    if method == "HEAD" or status in _WITHOUT_BODY:
        lengths = [0]
    return ResponseHead(status, words, returned, lengths[0] if lengths else None)


def refusal_head(refusal: RefusalResponse) -> ResponseHead:
    """Return the head of a response of our own."""
    length = ("Content-Length", str(len(refusal.body)))
    headers = [(name.encode(), value.encode()) for name, value in (*refusal.headers, length)]
    return ResponseHead(refusal.status, _phrase(refusal.status), headers)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
