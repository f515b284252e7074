"""Answers of the REST API: bytes in, values or typed errors out. Pure."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Generic, Literal, NamedTuple, Optional, TypeVar

import msgspec

from torii_backend.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    ToriiApiError,
    Unauthorized,
    UnreadableBody,
)

T = TypeVar("T")
Flaw = Literal["cut off", "stalled", "too large", "compressed more than once"]

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
_LONGEST_MESSAGE = 300
# Control characters, separators of lines, and marks that turn the direction of writing.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_UNSAFE = re.compile(r"\b(?:[a-z]+://\S+|sk_[a-z]+_\S+|eyJ[\w-]+\.\S+)", re.IGNORECASE)


class Answer(NamedTuple):
    """One HTTP answer.

    Attributes:
        status: the HTTP status.
        headers: the headers, whose names know no letter case.
        body: the body after decompression, or what arrived of it.
        flaw: why the body is not whole, or None: `cut off` where the connection broke, `stalled`
            where time ran out, `too large` beyond `MAX_BYTES`, `compressed more than once`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    flaw: Optional[Flaw] = None

    @property
    def is_success(self) -> bool:
        """Whether the status says that the call was carried out."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"Answer({self.status})"  # tracebacks may show it


@dataclass(frozen=True)
class ApiResponse(Generic[T]):
    """The answer to one call, raw and read.

    Attributes:
        status: the HTTP status.
        headers: the headers, whose names know no letter case.
        body: the body as bytes, after decompression.
        value: what the same call without `with_raw_response` gives.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    value: T = field(repr=False)


class Unreadable(ValueError):
    """The body of a success cannot be read; its text says why, to follow a colon."""


@lru_cache(maxsize=128)
def decoder(into: Any) -> msgspec.json.Decoder[Any]:
    """Give the decoder for a type, which is made once.

    Raises:
        TypeError: nothing can be decoded into this type.
    """
    return msgspec.json.Decoder(into)


def read_value(answer: Answer, into: Any) -> Any:
    """Decode the body of a success.

    Args:
        answer: a success.
        into: the type to decode into; NoneType gives None whatever the body is, and Any where a
            204 says that there is none.

    Raises:
        Unreadable: the body is not whole, not JSON, or not of the type.
    """
    if into is type(None) or (into is Any and answer.status == 204):
        return None
    if answer.flaw is not None:
        raise Unreadable(f"it is {answer.flaw}")
    try:
        return decoder(into).decode(answer.body)
    except msgspec.ValidationError as error:
        raise Unreadable(f"it is not of the expected form: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("it is not JSON" if answer.body else "it is empty") from None


def api_error(answer: Answer, hint: Optional[str] = None) -> ToriiApiError:
    """Make the error for an answer that is not a success.

    Args:
        answer: the answer.
        hint: a clause that says what is likely wrong, for the end of the message.
    """
    status = answer.status
    kind = _CLASSES.get(status, ServerError if status >= 500 else ToriiApiError)
    facts = _facts(answer)
    message = f"Torii answered {status}"
    detail = next(filter(None, (_sentence(facts["body"], name) for name in _SENTENCES)), None)
    message += f": {detail}" if detail else "."
    if hint:
        message = f"{message.rstrip('.')}; {hint}."
    return kind(message, status, **facts)


def unreadable_body(answer: Answer, flaw: Unreadable) -> UnreadableBody:
    """Make the error for a success that cannot be read.

    Args:
        answer: the answer.
        flaw: what is wrong with its body.
    """
    message = f"Torii answered {answer.status}, but the body cannot be read: {flaw}."
    return UnreadableBody(message, answer.status, **_facts(answer))


def retry_after(headers: Mapping[str, str]) -> Optional[float]:
    """Read the header Retry-After (RFC 9110 section 10.2.3).

    Returns:
        Seconds from now, zero or more; None where the header is missing or makes no sense.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]+", value):
        return min(float(value), sys.float_info.max)
    try:
        moment = parsedate_to_datetime(value)
        # HTTP dates are in UTC, also in the old form that does not say so.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


_SENTENCES = ("detail", "title", "message")


def _facts(answer: Answer) -> dict[str, Any]:
    body = _read_body(answer.body)
    return {
        "body": body,
        "code": _word(body, "code"),
        "support_id": _word(body, "supportId"),
        "request_id": answer.headers.get("X-Request-Id"),
        "retry_after": retry_after(answer.headers),
    }


def _read_body(body: bytes) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "replace")


def _word(body: Any, name: str) -> Optional[str]:
    """Find a member at top level, else in the map `properties`, where some versions put it."""
    for members in (body, _member(body, "properties")):
        value = _member(members, name)
        if isinstance(value, str) and value:
            return value
    return None


def _member(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def _sentence(body: Any, name: str) -> Optional[str]:
    """Quote a member in one line that is safe to log: bounded, without addresses and tokens."""
    value = _member(body, name)
    if not isinstance(value, str):
        return None
    line = _UNSAFE.sub("[…]", _UNPRINTABLE.sub(" ", value[: 4 * _LONGEST_MESSAGE])).strip()
    if len(line) > _LONGEST_MESSAGE:
        line = line[: _LONGEST_MESSAGE - 1] + "…"
    return line
