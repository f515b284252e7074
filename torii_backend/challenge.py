"""A refusal becomes an HTTP answer (RFC 6750 section 3), the same for every adapter. Pure."""

from __future__ import annotations

import re
from typing import Optional

import msgspec

from torii_backend.errors import (
    SENTENCES,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    PermissionDenied,
    ToriiAuthError,
)

_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_REALM = 'Bearer realm="torii"'


class Challenge(msgspec.Struct, frozen=True):
    """The HTTP answer to a request that may not pass.

    Attributes:
        status: the HTTP status code.
        headers: names and values, Content-Type among them.
        body: the bytes to send.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def challenge(refusal: ToriiAuthError) -> Challenge:
    """Make the standard answer to a refusal.

    Args:
        refusal: what a guard raised.

    Returns:
        Status, headers and a JSON body `{"error": {"code": …, "message": …}}`, with `reason` where a
        policy refused. The sentences are fixed: nothing of the request or the token is repeated.
    """
    code, message, parameters = _described(refusal)
    headers = [("Content-Type", "application/json")]
    if parameters is not None:
        headers.append(("WWW-Authenticate", _REALM + parameters))
    if isinstance(refusal, KeysUnavailable):
        headers.append(("Retry-After", str(refusal.retry_after)))
    # A message of the application's own may hold what UTF-8 cannot say.
    text = message.encode("utf-8", "replace").decode("utf-8")
    error = {"code": code, "message": text}
    if isinstance(refusal, PermissionDenied) and refusal.reason != code:
        error["reason"] = refusal.reason
    return Challenge(refusal.status, tuple(headers), msgspec.json.encode({"error": error}))


def _described(refusal: ToriiAuthError) -> tuple[str, str, Optional[str]]:
    """Return code, sentence and challenge parameters; None where no challenge is sent."""
    if isinstance(refusal, InvalidToken):
        sentence = SENTENCES[refusal.reason]
        return "authentication_failed", sentence, _error("invalid_token", sentence)
    if isinstance(refusal, InvalidRequest):
        return "invalid_request", str(refusal), _error("invalid_request", str(refusal))
    if isinstance(refusal, PermissionDenied):
        return "permission_denied", str(refusal), _error("insufficient_scope", str(refusal))
    if isinstance(refusal, KeysUnavailable):
        return "keys_unavailable", str(refusal), None
    # RFC 6750 section 3.1: without credentials the challenge names no error.
    return "authentication_failed", str(refusal), ""


def _error(code: str, description: str) -> str:
    quotable = _NOT_QUOTABLE.sub("?", description)
    return f', error="{code}", error_description="{quotable}"'
