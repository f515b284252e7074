"""A refusal becomes an HTTP response (RFC 6750 section 3), the same for every adapter. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Optional, Union

import msgspec

from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend.auth import Auth, not_from_requests
from torii_backend.errors import (
    SENTENCES,
    ConfigurationError,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    PermissionDenied,
    RevocationsUnavailable,
    ToriiAuthError,
)
from torii_backend.settings import HTTP_TOKEN

_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*\Z")
_URL = re.compile(r"[\x21-\x7e]+\Z")
_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_REALM = 'Bearer realm="torii"'
_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_OUTAGES = (KeysUnavailable, RevocationsUnavailable)
_REDIRECTS = (301, 302, 303, 307, 308)


@not_from_requests()
class RefusalResponse(msgspec.Struct, frozen=True):
    """The HTTP response to a request that is refused; `redirect` and `json` make the usual ones.

    Attributes:
        status: the HTTP status code, from 200 to 599.
        headers: names and values, Content-Type among them.
        body: the bytes to send.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> RefusalResponse:
        """Send the client to another page, such as the sign-in page.

        Args:
            url: where to, absolute or from the root of the host. Don't build its host from the
                request: an attacker could choose it.
            status: one of 301, 302, 303, 307 and 308; 302 by default.

        Returns:
            The response, without a body.

        Raises:
            ConfigurationError: the URL can't be sent, or the status is not a redirect.
        """
        if not isinstance(url, str) or not _URL.match(url):
            raise ConfigurationError(
                "url must be printable ASCII without spaces, such as /login. "
                "Percent-encode other characters."
            )
        if status not in _REDIRECTS:
            raise ConfigurationError("status must be 301, 302, 303, 307 or 308.")
        return cls(int(status), (("Location", url), _TEXT), b"")

    @classmethod
    def json(
        cls,
        status: int,
        document: Any,
        headers: Union[Mapping[str, str], Iterable[tuple[str, str]], None] = None,
    ) -> RefusalResponse:
        """Send a JSON document.

        Args:
            status: the HTTP status code, from 200 to 599.
            document: what to encode: anything made of dicts, lists, strings, numbers, booleans and
                None, and the other types that msgspec encodes.
            headers: a mapping, or pairs of a name and a value if a name comes twice. A Content-Type
                among them replaces `application/json`.

        Returns:
            The response.

        Raises:
            ConfigurationError: the status, the document or a header can't be sent.
        """
        try:
            body = msgspec.json.encode(document)
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            raise ConfigurationError(
                'document must be made of JSON types, such as {"error": "sign_in"}.'
            ) from None
        given = _pairs(headers)
        fault = _fault(status, given, body)
        if fault is not None:
            raise ConfigurationError(f"a RefusalResponse must have {fault}.")
        typed = any(name.lower() == "content-type" for name, _ in given)
        return cls(status, given if typed else (_JSON, *given), body)

    @property
    def document(self) -> Any:
        """The body as decoded JSON, or as text if it is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.body.decode("utf-8", "replace")


def require_refusal_response(response: object) -> RefusalResponse:
    """Check what `on_error` returned; drop Content-Length, which servers and frameworks write."""
    if not isinstance(response, RefusalResponse):
        raise ConfigurationError("on_error must return a torii_backend.RefusalResponse or None.")
    fault = _fault(response.status, response.headers, response.body)
    if fault is not None:
        raise ConfigurationError(f"on_error must return a RefusalResponse with {fault}.")
    headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-length")
    if headers == response.headers:
        return response
    return RefusalResponse(response.status, headers, response.body)


def _pairs(headers: Union[Mapping[str, str], Iterable[tuple[str, str]], None]) -> tuple[Any, ...]:
    found: Any = headers.items() if isinstance(headers, Mapping) else headers
    try:
        return () if found is None else tuple(found)
    except TypeError:
        return (found,)


def _fault(status: object, headers: Iterable[object], body: object) -> Optional[str]:
    """Return what a response would need so that it can be sent; None if it can."""
    if not isinstance(status, int) or not 200 <= status <= 599:
        return "a status from 200 to 599"
    if not isinstance(body, bytes):
        return "a body of bytes"
    if not all(map(_is_header, headers)):
        return 'headers that are pairs of a name and a value, such as ("Retry-After", "5")'
    return None


def _is_header(pair: object) -> bool:
    if not isinstance(pair, tuple) or len(pair) != 2:
        return False
    name, value = pair
    texts = isinstance(name, str) and isinstance(value, str)
    return texts and bool(HTTP_TOKEN.match(name) and _HEADER_VALUE.match(value))


def is_refusal_by_view(error: BaseException) -> bool:
    """Return whether an error that a guarded view raised is a refusal of its request.

    It is if it says that the user may not do this, or comes from `claims_as`. Others, such as that of a
    second token which the view verifies, say nothing about this request.
    """
    return isinstance(error, PermissionDenied) or (
        isinstance(error, InvalidToken) and error.reason == "invalid_claim"
    )


def with_auth(refusal: ToriiAuthError, auth: Auth) -> ToriiAuthError:
    """Return a refusal that knows the Auth: a copy, as an application may raise one object again."""
    if not isinstance(refusal, PermissionDenied) or refusal.auth is not None:
        return refusal
    known = copy(refusal)
    known.auth = auth
    known.__cause__ = refusal.__cause__
    return known.with_traceback(refusal.__traceback__)


def refusal_response(
    refusal: ToriiAuthError, resource: Optional[ResourceMetadata] = None
) -> RefusalResponse:
    """Make the standard response: `{"error": {"code": …, "message": …}}`, with a `reason` if known.

    The sentences are fixed. Nothing of the request or the token is repeated. A 401 or 403 tells the URL
    of the `resource` (RFC 9728 section 5.1).
    """
    code, message, parameters = _described(refusal)
    if parameters is not None and resource is not None and refusal.status in (401, 403):
        parameters += f', resource_metadata="{resource.url}"'
    headers: list[tuple[str, str]] = [_JSON]
    if parameters is not None:
        headers.append(("WWW-Authenticate", _REALM + parameters))
    if isinstance(refusal, _OUTAGES):
        headers.append(("Retry-After", str(refusal.retry_after)))
    # An application's own message may hold lone surrogates, which UTF-8 can't encode.
    text = message.encode("utf-8", "replace").decode("utf-8")
    error = {"code": code, "message": text}
    if isinstance(refusal, (InvalidToken, PermissionDenied)) and refusal.reason != code:
        error["reason"] = refusal.reason
    return RefusalResponse(refusal.status, tuple(headers), msgspec.json.encode({"error": error}))


def _described(refusal: ToriiAuthError) -> tuple[str, str, Optional[str]]:
    """Return code, sentence and challenge parameters; None if no challenge is sent."""
    if isinstance(refusal, InvalidToken):
        sentence = SENTENCES[refusal.reason]
        return "authentication_failed", sentence, _error("invalid_token", sentence)
    if isinstance(refusal, InvalidRequest):
        return "invalid_request", str(refusal), _error("invalid_request", str(refusal))
    if isinstance(refusal, PermissionDenied):
        return "permission_denied", str(refusal), _error("insufficient_scope", str(refusal))
    if isinstance(refusal, _OUTAGES):
        return refusal.reason, str(refusal), None
    # RFC 6750 section 3.1: without credentials the challenge names no error.
    return "authentication_failed", str(refusal), ""


def _error(code: str, description: str) -> str:
    quotable = _NOT_QUOTABLE.sub("?", description)
    return f', error="{code}", error_description="{quotable}"'
