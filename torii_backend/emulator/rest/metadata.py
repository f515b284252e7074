"""Bags: the metadata of a record, and what a request may do to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from torii_backend.emulator.metadata import Metadata, MetadataTooLarge, check_size, merge_patch
from torii_backend.emulator.rest.problem import Problem, invalid_request

METADATA_FIELDS = ("public_metadata", "private_metadata", "unsafe_metadata")


def metadata_of(record: Struct) -> dict[str, Any]:
    """Give the metadata of a record by name; a patch has only those that it names."""
    found = {name: getattr(record, name, UNSET) for name in METADATA_FIELDS}
    return {name: bag for name, bag in found.items() if bag is not UNSET}


def merge_metadata(
    metadata: Mapping[str, Metadata], patch: Struct, *, shared: bool
) -> dict[str, Any]:
    """Merge the metadata of a patch into those of a record.

    Args:
        metadata: the metadata of the record by name.
        patch: the metadata to merge.
        shared: whether the merged metadata share one budget; otherwise each has its own.

    Returns:
        All metadata of the record as they are after the merge.

    Raises:
        Problem: 400 where the merged metadata are too large or nest too deeply.
    """
    patches = metadata_of(patch)
    if not patches:
        return dict(metadata)
    try:
        result = {name: merge_patch(bag, patches.get(name, {})) for name, bag in metadata.items()}
        for group in [[*result.values()]] if shared else [[bag] for bag in result.values()]:
            check_size(*group)
    except MetadataTooLarge as error:
        raise Problem(400, "metadata_too_large", str(error)) from None
    return result


def require_some_metadata(patch: Struct) -> None:
    """See that a patch names a bag.

    Raises:
        Problem: 400 where it names none.
    """
    if not metadata_of(patch):
        raise invalid_request("publicMetadata or privateMetadata must be given.")
