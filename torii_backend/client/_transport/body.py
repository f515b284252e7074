"""Request bodies: checked and encoded as JSON. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from typing import Any, Union
from uuid import UUID

import msgspec

from torii_backend.client.inputs import Input
from torii_backend.errors import parse_validation_message

_BYTES = (bytes, bytearray, memoryview)


def encode_body(body: Input) -> bytes:
    """Encode the body of a published operation, after checking its types against the schema."""
    for name, value in msgspec.structs.asdict(body).items():
        if value is not msgspec.UNSET:
            encode_json(value, name)  # for an error that names the argument
    sent = msgspec.json.encode(body, enc_hook=_as_json)
    try:
        msgspec.json.decode(sent, type=type(body))
    except msgspec.ValidationError as error:
        raise _argument_error(str(error)) from None
    return sent


def encode_json(value: Any, name: str) -> bytes:
    """Encode a value as JSON; `name` is what errors call it."""
    try:
        _check_plain(msgspec.to_builtins(value, builtin_types=_BYTES, enc_hook=_as_json))
        return msgspec.json.encode(value, enc_hook=_as_json)
    except (RecursionError, UnicodeEncodeError):
        raise ValueError(f"{name} can't be sent: it has a cycle or a lone surrogate.") from None
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} can't be sent: {error}") from None


def _argument_error(message: str) -> Exception:
    """Word msgspec's message for callers: with the argument's name, and as a TypeError if it is one."""
    text, path, missing = parse_validation_message(message)
    name = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", path or missing or "body")
    if missing:
        return TypeError(f"{name} must be given.")
    kind = TypeError if text.startswith("Expected `") and ", got `" in text else ValueError
    return kind(f"{name} can't be sent: {text[0].lower()}{text[1:]}.")


def _as_json(value: Any) -> Any:
    """Convert a value of a type that msgspec doesn't know, such as a subclass, to a plain one."""
    if isinstance(value, str):
        return str.__str__(value)  # str() would ask the subclass
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, (date, UUID)):
        return _as_plain(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection) and not isinstance(value, _BYTES):
        return list(value)
    raise TypeError(f"{type(value).__name__} can't be represented in JSON.")


def _as_plain(value: Union[date, UUID]) -> Union[date, str]:
    """Convert a subclass, such as those of pendulum, pandas and asyncpg, to the class itself."""
    if isinstance(value, UUID):
        return str(value)
    day = date(value.year, value.month, value.day)
    return datetime.combine(day, _time_of(value)) if isinstance(value, datetime) else day


def _time_of(value: datetime) -> time:
    # Not `value.timetz()`, which a subclass may override.
    clock = (value.hour, value.minute, value.second, value.microsecond)
    return time(*clock, tzinfo=value.tzinfo, fold=value.fold)


def _check_plain(value: Any) -> None:
    """Reject values that would arrive as something else, at any depth."""
    # NaN and infinity would be sent as null, which deletes a key of metadata; bytes as base64.
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("NaN and infinity can't be represented in JSON.")
    elif isinstance(value, _BYTES):
        raise TypeError("bytes can't be represented in JSON.")
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_plain(item)
    elif isinstance(value, Collection) and not isinstance(value, str):
        for item in value:
            _check_plain(item)
