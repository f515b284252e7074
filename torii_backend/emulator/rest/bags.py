"""Bags: the metadata of a record, and what a request may do to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from torii_backend.emulator.metadata import Bag, MetadataTooLarge, check_budget, merged
from torii_backend.emulator.rest.problem import Problem, bad_value

NAMES = ("public_metadata", "private_metadata", "unsafe_metadata")


def bags_of(record: Struct) -> dict[str, Any]:
    """Give the bags of a record by name; a patch has only those that it names."""
    found = {name: getattr(record, name, UNSET) for name in NAMES}
    return {name: bag for name, bag in found.items() if bag is not UNSET}


def merged_bags(bags: Mapping[str, Bag], patch: Struct, *, shared: bool) -> dict[str, Any]:
    """Merge the bags of a patch into those of a record.

    Args:
        bags: the bags of the record by name.
        patch: the bags to merge.
        shared: whether the merged bags share one budget; otherwise each has its own.

    Returns:
        All bags of the record as they are after the merge.

    Raises:
        Problem: 400 where the merged bags are too large or nest too deeply.
    """
    patches = bags_of(patch)
    if not patches:
        return dict(bags)
    try:
        result = {name: merged(bag, patches.get(name, {})) for name, bag in bags.items()}
        for group in [[*result.values()]] if shared else [[bag] for bag in result.values()]:
            check_budget(*group)
    except MetadataTooLarge as error:
        raise Problem(400, "metadata_too_large", str(error)) from None
    return result


def check_some_bag(patch: Struct) -> None:
    """See that a patch names a bag.

    Raises:
        Problem: 400 where it names none.
    """
    if not bags_of(patch):
        raise bad_value("publicMetadata or privateMetadata must be given.")
