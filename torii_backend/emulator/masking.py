"""Mask secrets in the bodies and paths that the request log keeps. Pure.

In JSON and forms, the fields below are masked by name. In every text, keys, JWTs and the values of
a query are masked by their form. A body of another type isn't kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Optional, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

MASK = "…"

_T = TypeVar("_T")

_MAX_DECODED_BYTES = 64 * 1024
_MAX_KEPT_BYTES = 4 * 1024
_FORM = "application/x-www-form-urlencoded"
_SECRET_FIELD = re.compile(
    r"password|passwd|token|secret|ticket|verifier|otp|api_?key|authorization|cookie",
    re.IGNORECASE,
)
_CODE_FIELD = re.compile(r"(?:.*_)?code|.*Code")
_ERROR_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_SECRET_TEXT = re.compile(r"[sr]k_(?:test|live)_[\w-]+|whsec_[\w+/=-]+|eyJ[\w.-]+")
# Anything else as a name means that the body only claims to be a form, and may hold a secret.
_FORM_FIELD = re.compile(r"[\w.\[\]-]{1,100}")
_QUERY_VALUE = re.compile(r"([?&#;][^=&#\s]{1,100}=)[^&#\s]+")


def masked_text(text: str) -> str:
    """Return a text without keys, JWTs and the values of a query."""
    if not ("_" in text or "=" in text or "eyJ" in text):  # as most are, and this takes less time
        return text
    return _QUERY_VALUE.sub(rf"\1{MASK}", _SECRET_TEXT.sub(MASK, text))


def masked_body(body: bytes, mimetype: str) -> Optional[str]:
    """Return JSON or a form without its secrets and cut to 4 KiB, or None for any other body."""
    if not body or len(body) > _MAX_DECODED_BYTES:
        return None
    masking = _Masking()
    try:
        text = msgspec.json.encode(masking.masked(msgspec.json.decode(body))).decode()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        form = masking.masked_form(body) if mimetype == _FORM else None
        if form is None:
            return None
        text = form
    return _cut(text)


class _Masking:
    """One body. `_left` is how many more characters are worth masking: what follows will be cut off."""

    def __init__(self) -> None:
        self._left = _MAX_KEPT_BYTES

    def masked(self, value: Any, field: str = "") -> Any:
        if isinstance(value, (bool, type(None))):
            return value
        if _SECRET_FIELD.search(field):
            return self._counted(MASK)
        if isinstance(value, dict):
            members = self._worthwhile(value.items())
            return {self._text(name): self.masked(each, name) for name, each in members}
        if isinstance(value, list):
            return [self.masked(each, field) for each in self._worthwhile(value)]
        if _CODE_FIELD.fullmatch(field) and not _is_error_code(value):
            return self._counted(MASK)
        return self._text(value) if isinstance(value, str) else value

    def masked_form(self, body: bytes) -> Optional[str]:
        try:
            fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            return None
        if not all(_FORM_FIELD.fullmatch(name) for name, _ in fields):
            return None
        form = urlencode([(self._text(name), self.masked(value, name)) for name, value in fields])
        return form.replace(quote(MASK), MASK)

    def _worthwhile(self, members: Iterable[_T]) -> Iterator[_T]:
        for member in members:
            if self._left <= 0:
                return
            self._left -= 2  # a comma, and at least one more character
            yield member

    def _text(self, text: str) -> str:
        return self._counted(masked_text(text[:_MAX_KEPT_BYTES]))

    def _counted(self, text: str) -> str:
        self._left -= len(text)
        return text


def _is_error_code(value: Any) -> bool:
    """Return whether a `code` is the name of an error, such as `email_taken`, and not a secret."""
    return value is None or (isinstance(value, str) and bool(_ERROR_CODE.fullmatch(value)))


def _cut(text: str) -> str:
    octets = text.encode()
    if len(octets) <= _MAX_KEPT_BYTES:
        return text
    return octets[: _MAX_KEPT_BYTES - len(MASK.encode())].decode(errors="ignore") + MASK
