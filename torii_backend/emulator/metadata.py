"""Merge metadata and check its size. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Metadata = dict[str, Any]

_MAX_BYTES = 8192
_MAX_DEPTH = 64


class MetadataTooLarge(ValueError):
    """The metadata takes too many bytes, or is nested too deeply."""


def merge_patch(stored: Metadata, patch: Metadata) -> Metadata:
    """Return the metadata with a patch merged in (RFC 7396): null deletes a key."""
    if _is_deeper_than(_MAX_DEPTH, patch):
        raise MetadataTooLarge(f"Metadata must be at most {_MAX_DEPTH} levels deep.")
    return _merged(stored, patch)


def check_size(*metadata: Metadata) -> None:
    """Raise MetadataTooLarge if the given metadata exceeds the limit in total."""
    if sum(len(msgspec.json.encode(one)) for one in metadata) > _MAX_BYTES:
        raise MetadataTooLarge(
            f"Metadata must be at most {_MAX_BYTES} bytes of compact JSON after the merge."
        )


def _merged(stored: Metadata, patch: Metadata) -> Metadata:
    result = dict(stored)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            existing = result.get(name)
            result[name] = _merged(existing if isinstance(existing, dict) else {}, value)
        else:
            result[name] = value
    return result


def _is_deeper_than(levels: int, value: Any) -> bool:
    """Go level by level, because deep recursion into untrusted input could overflow the stack."""
    level = [value]
    for _ in range(levels):
        children = [child for parent in level for child in _children(parent)]
        level = [child for child in children if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _children(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container
