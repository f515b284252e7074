"""A refusal becomes an HTTP answer (RFC 6750 section 3), the same for every adapter. Pure."""

from __future__ import annotations

import re
from typing import Any, Optional

import msgspec

from torii_backend.errors import (
    SENTENCES,
    ConfigurationError,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    PermissionDenied,
    ToriiAuthError,
)
from torii_backend.settings import HTTP_TOKEN

_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*\Z")
_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_REALM = 'Bearer realm="torii"'


class RefusalResponse(msgspec.Struct, frozen=True):
    """The HTTP answer to a request that may not pass.

    Attributes:
        status: the HTTP status code.
        headers: names and values, Content-Type among them.
        body: the bytes to send.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as decoded JSON; as text where it is something else."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.body.decode("utf-8", "replace")


def require_refusal_response(answer: object) -> RefusalResponse:
    """Check the answer that an application's `on_error` gives.

    Returns:
        The answer without Content-Length, which servers and frameworks write.

    Raises:
        ConfigurationError: it is no RefusalResponse, or one that cannot be sent.
    """
    if not isinstance(answer, RefusalResponse):
        raise ConfigurationError("on_error must return a torii_backend.RefusalResponse or None.")
    if not isinstance(answer.status, int) or not 200 <= answer.status <= 599:
        raise ConfigurationError(
            "on_error must return a RefusalResponse with a status from 200 to 599."
        )
    if not isinstance(answer.body, bytes):
        raise ConfigurationError("on_error must return a RefusalResponse whose body is bytes.")
    if not all(map(_is_header, answer.headers)):
        raise ConfigurationError(
            "on_error must return a RefusalResponse whose headers are pairs of a name and a value."
        )
    headers = tuple(pair for pair in answer.headers if pair[0].lower() != "content-length")
    return (
        answer
        if headers == answer.headers
        else RefusalResponse(answer.status, headers, answer.body)
    )


def _is_header(pair: object) -> bool:
    if not isinstance(pair, tuple) or len(pair) != 2:
        return False
    name, value = pair
    texts = isinstance(name, str) and isinstance(value, str)
    return texts and bool(HTTP_TOKEN.match(name) and _HEADER_VALUE.match(value))


def refusal_response(refusal: ToriiAuthError) -> RefusalResponse:
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
    if isinstance(refusal, (InvalidToken, PermissionDenied)) and refusal.reason != code:
        error["reason"] = refusal.reason
    return RefusalResponse(refusal.status, tuple(headers), msgspec.json.encode({"error": error}))


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
