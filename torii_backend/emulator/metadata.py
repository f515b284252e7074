"""Metadata: how a patch merges into one, and how much may be in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Metadata = dict[str, Any]

_BUDGET = 8192
_DEEPEST = 64


class MetadataTooLarge(ValueError):
    """Bags hold more than they may, or nest too deeply."""


def merge_patch(stored: Metadata, patch: Metadata) -> Metadata:
    """Merge a patch into a bag (RFC 7396): objects merge, null deletes its key, the rest replaces.

    Args:
        stored: the bag as it is; it is not changed.
        patch: what to lay over it.

    Raises:
        MetadataTooLarge: the patch nests too deeply.
    """
    if _nests_deeper(patch, _DEEPEST):
        raise MetadataTooLarge(f"Metadata must not nest deeper than {_DEEPEST} levels.")
    return _merged(stored, patch)


def check_size(*metadata: Metadata) -> None:
    """See that some metadata fit into one budget together.

    Raises:
        MetadataTooLarge: they take too many bytes, as compact JSON in UTF-8.
    """
    if sum(len(msgspec.json.encode(bag)) for bag in metadata) > _BUDGET:
        raise MetadataTooLarge(
            f"Metadata must not take more than {_BUDGET} bytes as compact JSON, after the merge."
        )


def _merged(stored: Metadata, patch: Metadata) -> Metadata:
    result = dict(stored)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            below = result.get(name)
            result[name] = _merged(below if isinstance(below, dict) else {}, value)
        else:
            result[name] = value
    return result


def _nests_deeper(value: Any, levels: int) -> bool:
    """Walk level by level: an object from a stranger could outgrow the stack."""
    level = [value]
    for _ in range(levels):
        children = [child for parent in level for child in _children(parent)]
        level = [child for child in children if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _children(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container
