"""JSON objects from strangers, decoded whole and within bounds. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

# Each level of nesting takes some of the thread's stack, which the decoder does not watch.
MAX_CONTAINERS = 1000

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decode_object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object, UTF-8; of a name that is given twice the last value counts.

    Raises:
        ValueError: it is no JSON object, or could hold more than `MAX_CONTAINERS` objects and arrays.
    """
    if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
        raise ValueError("too many objects and arrays")
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("not a JSON object") from None
