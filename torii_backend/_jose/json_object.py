"""Untrusted JSON objects, decoded within bounds. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from torii_backend.auth import ReadOnlyDict

# Each level of nesting takes some of the thread's stack, and the decoder has no limit for that.
MAX_CONTAINERS = 1000
MAX_DEPTH = 64

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decode_object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object (UTF-8) within MAX_CONTAINERS and MAX_DEPTH, or raise ValueError.

    Nested objects become read-only mappings, and arrays tuples. Of duplicate names the last counts.
    """
    objects, arrays = text.count(b"{"), text.count(b"[")
    if objects + arrays > MAX_CONTAINERS:
        raise ValueError("too many objects and arrays")
    try:
        members = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("not a JSON object") from None
    if objects > 1 or arrays:
        return {name: _read_only(value, MAX_DEPTH) for name, value in members.items()}
    return members


def _read_only(value: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        raise ValueError("too deeply nested")
    if isinstance(value, list):
        return tuple([_read_only(member, depth - 1) for member in value])
    return ReadOnlyDict({name: _read_only(member, depth - 1) for name, member in value.items()})
