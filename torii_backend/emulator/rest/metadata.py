"""The metadata of a record, as requests read and merge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from torii_backend.emulator.metadata import Metadata, MetadataTooLarge, check_size, merge_patch
from torii_backend.emulator.rest.problem import Problem, invalid_request

METADATA_FIELDS = ("public_metadata", "private_metadata", "unsafe_metadata")


def metadata_of(record: Struct) -> dict[str, Any]:
    """Return the metadata of a record by field, or only the fields that a patch names."""
    found = {name: getattr(record, name, UNSET) for name in METADATA_FIELDS}
    return {name: value for name, value in found.items() if value is not UNSET}


def merge_metadata(
    stored: Mapping[str, Metadata], patch: Struct, *, shared_limit: bool
) -> dict[str, Any]:
    """Return all metadata of a record after the merge. The size limit is per field or shared."""
    patches = metadata_of(patch)
    if not patches:
        return dict(stored)
    try:
        result = {name: merge_patch(value, patches.get(name, {})) for name, value in stored.items()}
        if shared_limit:
            check_size(*result.values())
        for value in result.values():
            check_size(value)
    except MetadataTooLarge as error:
        raise Problem(400, "metadata_too_large", str(error)) from None
    return result


def require_some_metadata(patch: Struct) -> None:
    """Raise a 400 unless the patch names a metadata field."""
    if not metadata_of(patch):
        raise invalid_request("publicMetadata or privateMetadata is required.")
