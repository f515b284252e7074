"""JSON objects from strangers, decoded whole and within bounds. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import msgspec

# Each level of nesting takes some of the thread's stack, which the decoder does not watch.
MAX_CONTAINERS = 1000
MAX_DEPTH = 64

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decode_object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object, UTF-8; of a name that is given twice the last value counts.

    Returns:
        The members. What is nested in them is read-only at any depth, objects as mappings and arrays
        as tuples.

    Raises:
        ValueError: it is no JSON object, nests deeper than `MAX_DEPTH`, or could hold more than
            `MAX_CONTAINERS` objects and arrays.
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
    return MappingProxyType({name: _read_only(member, depth - 1) for name, member in value.items()})
