"""Mask secrets in the bodies and paths that the request log keeps. Pure.

In JSON and forms, the fields below are masked by name. In every text, keys, JWTs and the values of
a query are masked by their form. A body of another type isn't kept.
"""

from __future__ import annotations

import re
from typing import Any, Optional
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

MASK = "…"

_MAX_DECODED_BYTES = 64 * 1024
_MAX_KEPT_BYTES = 4 * 1024
_FORM = "application/x-www-form-urlencoded"
_SECRET_FIELD = re.compile(
    r"password|passwd|token|secret|ticket|verifier|otp|api_?key|authorization|cookie",
    re.IGNORECASE,
)
_CODE_FIELD = re.compile(r"(?:.*_)?code|.*Code")
_ERROR_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_SECRET_TEXT = re.compile(
    r"\b(?:sk|rk)_(?:test|live)_[\w-]+|\bwhsec_[\w+/=-]+|\beyJ[\w-]+(?:\.[\w-]*){1,4}"
)
_QUERY_VALUE = re.compile(r"([?&#][^=&#\s]{1,100}=)[^&#\s]+")


def masked_text(text: str) -> str:
    """Return a text without keys, JWTs and the values of a query."""
    return _QUERY_VALUE.sub(rf"\1{MASK}", _SECRET_TEXT.sub(MASK, text))


def masked_body(body: bytes, mimetype: str) -> Optional[str]:
    """Return JSON or a form without its secrets and cut to 4 KiB, or None for any other body."""
    if not body or len(body) > _MAX_DECODED_BYTES:
        return None
    try:
        text = msgspec.json.encode(_masked(msgspec.json.decode(body))).decode()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        form = _masked_form(body) if mimetype == _FORM else None
        if form is None:
            return None
        text = form
    return _cut(text)


def _masked(value: Any, field: str = "") -> Any:
    if _SECRET_FIELD.search(field) and not isinstance(value, (bool, type(None))):
        return MASK
    if isinstance(value, dict):
        return {masked_text(name): _masked(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, field) for each in value]
    if _CODE_FIELD.fullmatch(field) and not _is_error_code(value):
        return MASK
    return masked_text(value) if isinstance(value, str) else value


def _is_error_code(value: Any) -> bool:
    """Return whether a `code` is the name of an error, such as `email_taken`, and not a secret."""
    return value is None or (isinstance(value, str) and bool(_ERROR_CODE.fullmatch(value)))


def _masked_form(body: bytes) -> Optional[str]:
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    form = urlencode([(name, _masked(value, name)) for name, value in fields])
    return form.replace(quote(MASK), MASK)


def _cut(text: str) -> str:
    octets = text.encode()
    if len(octets) <= _MAX_KEPT_BYTES:
        return text
    return octets[: _MAX_KEPT_BYTES - len(MASK.encode())].decode(errors="ignore") + MASK
