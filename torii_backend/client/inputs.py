"""Inputs: the JSON bodies of requests, one struct per schema of the OpenAPI file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import UNSET, Struct

from torii_backend.auth import not_from_requests
from torii_backend.client.types import (
    MetadataInput,
    NullableDate,
    NullableInt,
    NullableStr,
    NullableTimestamp,
    StrList,
)


class Input(Struct, rename="camel", kw_only=True):
    """The base of all request bodies. Its repr names the fields that are set, without their values."""

    def __repr__(self) -> str:
        fields = (name for name in self.__struct_fields__ if getattr(self, name) is not UNSET)
        return f"{type(self).__name__}({', '.join(fields)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give rich no values either, as what msgspec has for it does."""
        return []


class CreateUser(Input, kw_only=True):
    """The starting values of a user."""

    email: NullableStr = UNSET
    password: NullableStr = UNSET
    first_name: NullableStr = UNSET
    last_name: NullableStr = UNSET
    public_metadata: MetadataInput = UNSET
    private_metadata: MetadataInput = UNSET
    unsafe_metadata: MetadataInput = UNSET
    name: NullableStr = UNSET
    phone: NullableStr = UNSET
    address: NullableStr = UNSET
    date_of_birth: NullableDate = UNSET


@not_from_requests("your_function")
class UpdateUser(Input, kw_only=True):
    """A change of profile fields. Fields you leave out keep their value; None clears a field.

    Attributes:
        first_name: the given name.
        last_name: the family name.
        locale: `en` or `da`.
        unsafe_metadata: merged into the stored metadata; None deletes a key.
        name: the full name (a field of older API versions, as are the next three).
        phone: the phone number.
        address: the postal address.
        date_of_birth: the day of birth.
    """

    first_name: NullableStr = UNSET
    last_name: NullableStr = UNSET
    locale: NullableStr = UNSET
    unsafe_metadata: MetadataInput = UNSET
    name: NullableStr = UNSET
    phone: NullableStr = UNSET
    address: NullableStr = UNSET
    date_of_birth: NullableDate = UNSET


ToriiUpdateUserInput = UpdateUser


class MetadataPatch(Input, kw_only=True):
    """Metadata to merge into that of an organization, a membership or an invitation."""

    public_metadata: MetadataInput = UNSET
    private_metadata: MetadataInput = UNSET


class UserMetadataPatch(MetadataPatch, kw_only=True):
    """Metadata to merge into that of a user."""

    unsafe_metadata: MetadataInput = UNSET


class UserSearch(Input, kw_only=True):
    """Filters, all of which must match."""

    name: NullableStr = UNSET
    user_ids: StrList = UNSET
    email_addresses: StrList = UNSET
    email: NullableStr = UNSET
    statuses: StrList = UNSET
    created_after: NullableTimestamp = UNSET
    created_before: NullableTimestamp = UNSET
    organization_id: NullableStr = UNSET


class CreateInvitation(Input, kw_only=True):
    """An invitation to send. Metadata is required, but may be empty."""

    email: str
    public_metadata: Mapping[str, Any]
    private_metadata: Mapping[str, Any]
    expires_in_days: NullableInt = UNSET
    redirect_url: NullableStr = UNSET


class CreateImpersonationToken(Input, kw_only=True):
    """The user who will act as another, and why."""

    actor_user_id: str
    reason: str
    redirect_url: NullableStr = UNSET
    expires_in_seconds: NullableInt = UNSET


class SetAllowedOrigins(Input, kw_only=True):
    """The origins that replace the stored ones."""

    origins: Collection[str]
