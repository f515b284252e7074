"""What became of a request: a usable response, or which response of our own."""

from __future__ import annotations

import logging

from torii_backend.proxy.exchange import Exchange
from torii_backend.proxy.library import httpcore
from torii_backend.proxy.message import OutgoingRequest, ResponseHead, response_head
from torii_backend.proxy.refusal import FAILED, TIMEOUT, RefusedError

_logger = logging.getLogger("torii_backend.proxy")

# What can go wrong between us and the upstream.
FAULTS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    OSError,
)


def head_of(
    request: OutgoingRequest, response: httpcore.Response, exchange: Exchange
) -> ResponseHead:
    """Return what to send to the client, or raise RefusedError if the response isn't usable."""
    # It was there before the request was: it belongs to another one, of another user perhaps.
    if not exchange.has_response:
        raise RefusedError(FAILED)
    head = response_head(
        request.method,
        response.status,
        response.headers,
        phrase=response.extensions.get("reason_phrase", b""),
        version=response.extensions.get("http_version", b""),
    )
    if _logger.isEnabledFor(logging.DEBUG):
        _logger.debug("%s %s: %d", request.method, request.path, head.status)
    return head


def refusal_of(request: OutgoingRequest, fault: Exception) -> RefusedError:
    """Return the refusal that a fault of the upstream becomes. What it says in words stays here."""
    kind = type(fault).__name__
    _logger.debug("%s %s failed: %s", request.method, request.path, kind)
    # Without the path, which a client may have chosen.
    _logger.warning("Torii could not be reached through the proxy: %s", kind)
    return RefusedError(TIMEOUT if isinstance(fault, httpcore.TimeoutException) else FAILED)
