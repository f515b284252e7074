"""Responses of the REST API: bytes in, values or typed errors out. Pure."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Generic, Literal, Optional, TypeVar, get_args, get_origin

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.client.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidResponse,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    Unauthorized,
)
from torii_backend.client.models import Page
from torii_backend.errors import ToriiApiError

T = TypeVar("T")
BodyErrorKind = Literal[
    "cut off", "stalled", "too large", "damaged", "in an encoding that was not asked for"
]

MAX_BYTES = 16 * 1024 * 1024

_CLASSES: dict[int, type[ToriiApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}
# Python reads no longer integers from text.
_MOST_DIGITS = 4300
_LONGEST_MESSAGE = 300
# Control characters, line separators, and marks that change the direction of text.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_UNSAFE = re.compile(r"\b(?:[a-z]+://\S+|sk_[a-z]+_\S+|eyJ[\w-]+\.\S+)", re.IGNORECASE)


class HttpResponse(msgspec.Struct, frozen=True):
    """One HTTP response, whose body is decompressed and may be incomplete."""

    # Not a tuple or a dataclass: tools for error reports look into these and don't ask the repr.

    status: int
    headers: Mapping[str, str]  # names are case-insensitive
    body: bytes
    # cut off: the connection broke. stalled: time ran out. too large: longer than `MAX_BYTES`.
    # damaged: it can't be decompressed.
    body_error: Optional[BodyErrorKind] = None

    @property
    def is_success(self) -> bool:
        """Return whether the status is a 2xx."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"HttpResponse({self.status})"  # tracebacks may show it

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("status", self.status)]


@not_from_requests("your_function")
@dataclass(frozen=True)
class ApiResponse(Generic[T]):
    """The response to one call, raw and decoded.

    Attributes:
        status: the HTTP status.
        headers: the headers; names are case-insensitive.
        body: the decompressed body, as bytes.
        value: what the same call returns without `with_raw_response`.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    value: T = field(repr=False)


class BodyError(ValueError):
    """The body of a 2xx response can't be decoded; the text is a clause such as `it is empty`."""


@lru_cache(maxsize=128)
def decoder(into: Any) -> msgspec.json.Decoder[Any]:
    """Return the cached decoder for a type; raise TypeError if msgspec does not support it."""
    return msgspec.json.Decoder(into)


def read_value(response: HttpResponse, into: Any) -> Any:
    """Decode the body of a 2xx response."""
    if into is type(None) and media_type(response.headers) == "text/html":
        # A firewall's page, or that on which a network wants a sign-in.
        raise BodyError("it is a web page, which Torii did not send")
    if into is type(None) or (into is Any and response.status == 204):
        return None
    if response.body_error is not None:
        raise BodyError(f"it is {response.body_error}")
    try:
        return decoder(into).decode(response.body)
    except msgspec.ValidationError as error:
        page = _readable_part(response.body, into)
        if page is not None:
            return page
        raise BodyError(f"it does not match the expected type: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyError("it is not JSON" if response.body else "it is empty") from None


def _readable_part(body: bytes, into: Any) -> Optional[Page[Any]]:
    """Return a page with those records that can be decoded; None if it isn't even a page."""
    if get_origin(into) is not Page:
        return None
    try:
        page: Page[Any] = decoder(Page[msgspec.Raw]).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    items: list[Any] = []
    unreadable: list[Any] = []
    for record in page.items:
        try:
            items.append(decoder(*get_args(into)).decode(record))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raw = _raw_record(record)
            if raw is None:
                return None
            unreadable.append(*raw)
    if len(unreadable) > 1 and not items:
        return None  # nothing odd about one record: the API has changed
    return msgspec.structs.replace(page, items=tuple(items), unreadable=tuple(unreadable))


def _raw_record(record: msgspec.Raw) -> Optional[tuple[Any]]:
    """Return a record as it was sent; None if it isn't JSON."""
    try:
        return (msgspec.json.decode(record),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # It takes numbers that are out of msgspec's range, and this one what is out of Python's.
        return (json.loads(bytes(record), parse_int=_integer),)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def api_error(response: HttpResponse, hint: Optional[str] = None) -> ToriiApiError:
    """Make the error for a response that is not a 2xx; `hint` ends the message with a likely cause."""
    status = response.status
    kind = _CLASSES.get(status, ServerError if status >= 500 else ToriiApiError)
    facts = _facts(response)
    message = f"Torii responded with {status}"
    detail = next(filter(None, (_sentence(facts["body"], name) for name in _SENTENCES)), None)
    message += f": {detail}" if detail else "."
    if hint:
        message = f"{message.rstrip('.')}; {hint}."
    return kind(message, status, **facts)


def invalid_response(response: HttpResponse, error: BodyError) -> InvalidResponse:
    """Make the error for a 2xx response that can't be decoded."""
    message = f"Torii responded with {response.status}, but the body can't be read: {error}."
    return InvalidResponse(message, response.status, **_facts(response))


def is_problem(response: HttpResponse, problems: tuple[tuple[int, Mapping[str, str]], ...]) -> bool:
    """Return whether this is one of Torii's own problems, by status and members."""
    # A firewall's 403 and a proxy's 404 are no problem documents, or have another code.
    if media_type(response.headers) != "application/problem+json":
        return False
    body = _read_body(response.body)
    return any(
        response.status == status
        and all(_word(body, name) == text for name, text in members.items())
        for status, members in problems
    )


def media_type(headers: Mapping[str, str]) -> str:
    """Return the content type without its parameters, in lower case; empty if there is none."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str]) -> Optional[float]:
    """Return the seconds that Retry-After asks for; None if it is missing or not valid."""
    value = headers.get("Retry-After", "").strip()  # RFC 9110 section 10.2.3
    if re.fullmatch("[0-9]+", value):
        return min(float(value), sys.float_info.max)
    date = http_date(value)
    return None if date is None else max(0.0, date - time.time())


def http_date(value: str) -> Optional[float]:
    """Return an HTTP date (RFC 9110 section 5.6.7) in seconds since the epoch; None if it isn't one."""
    try:
        date = parsedate_to_datetime(value)
        # HTTP dates are in UTC, even in the obsolete format that does not say so.
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


_SENTENCES = ("detail", "title", "message")


def _facts(response: HttpResponse) -> dict[str, Any]:
    body = _read_body(response.body)
    return {
        "body": body,
        "code": _word(body, "code"),
        "support_id": _word(body, "supportId"),
        "request_id": response.headers.get("X-Request-Id"),
        "retry_after": retry_after(response.headers),
        "headers": response.headers,
    }


def _read_body(body: bytes) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "replace")


def _word(body: Any, name: str) -> Optional[str]:
    """Return a text member of the object, else of its `properties`, where some versions put it."""
    for members in (body, _member(body, "properties")):
        value = _member(members, name)
        if isinstance(value, str) and value:
            return value
    return None


def _member(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def _sentence(body: Any, name: str) -> Optional[str]:
    """Quote a member in one line that is safe to log: short, without URLs, keys and tokens."""
    value = _member(body, name)
    if not isinstance(value, str):
        return None
    line = _UNSAFE.sub("[…]", _UNPRINTABLE.sub(" ", value[: 4 * _LONGEST_MESSAGE])).strip()
    if len(line) > _LONGEST_MESSAGE:
        line = line[: _LONGEST_MESSAGE - 1] + "…"
    return line
