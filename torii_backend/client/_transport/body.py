"""Request bodies: checked, and encoded as JSON. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from torii_backend.client.inputs import Input

_BYTES = (bytes, bytearray, memoryview)


def encoded(body: Input) -> bytes:
    """Encode the body of a published operation, after a check of its types against the wire's.

    Raises:
        TypeError: a field has a type that JSON or the operation does not take.
        ValueError: a value has no form in JSON.
    """
    for name, value in msgspec.structs.asdict(body).items():
        if value is not msgspec.UNSET:
            encoded_json(value, name)  # so that an error names the argument
    sent = msgspec.json.encode(body, enc_hook=_as_json)
    try:
        msgspec.json.decode(sent, type=type(body))
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    return sent


def encoded_json(value: Any, name: str) -> bytes:
    """Encode a value as JSON.

    Args:
        value: anything that msgspec encodes, and mappings and collections of any kind.
        name: what errors call it.

    Raises:
        TypeError: there is a type in it that JSON does not know.
        ValueError: there is a value in it that has no form in JSON.
    """
    try:
        _check_plain(msgspec.to_builtins(value, builtin_types=_BYTES, enc_hook=_as_json))
        return msgspec.json.encode(value, enc_hook=_as_json)
    except (RecursionError, UnicodeEncodeError):
        raise ValueError(f"{name} cannot be sent: it has a cycle or broken Unicode.") from None
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} cannot be sent: {error}") from None


def _refusal(message: str) -> Exception:
    """Word msgspec's message, such as "Expected `str`, got `int` - at `$.firstName`", for callers."""
    missing = re.fullmatch("Object missing required field `(.+)`", message)
    what, _, where = message.partition(" - at `$.")
    field = missing[1] if missing else where.rstrip("`")
    field = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", field)
    if missing:
        return TypeError(f"{field} must be given.")
    kind = TypeError if what.startswith("Expected `") and ", got `" in what else ValueError
    return kind(f"{field} cannot be sent: {what[0].lower()}{what[1:]}.")


def _as_json(value: Any) -> Any:
    """Give a plain value for one of a kind that msgspec does not know, subclasses among them."""
    if isinstance(value, str):
        return str.__str__(value)  # str() would ask the subclass
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection) and not isinstance(value, _BYTES):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


def _check_plain(value: Any) -> None:
    """Refuse what would arrive as something else, at any depth.

    NaN and infinity would be sent as null, which deletes in a metadata bag; bytes as base64.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("NaN and infinity have no form in JSON.")
    elif isinstance(value, _BYTES):
        raise TypeError("bytes have no form in JSON.")
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_plain(item)
    elif isinstance(value, Collection) and not isinstance(value, str):
        for item in value:
            _check_plain(item)
