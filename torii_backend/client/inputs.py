"""Inputs: the JSON bodies that requests carry, one struct a schema.

Optional fields are tri-state: UNSET, the default, is not sent; None is sent as null; a value is
sent. Metadata bags are two-state: UNSET or an object, never None.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Union

from msgspec import UNSET, Meta, Struct, UnsetType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Text = Union[str, None, UnsetType]
Texts = Union[list[str], UnsetType]
Number = Union[int, None, UnsetType]
Moment = Union[Annotated[datetime, Meta(tz=True)], None, UnsetType]

# Callers may write more than one Python type for what is one type in JSON.
if TYPE_CHECKING:
    Day = Union[date, str, None, UnsetType]
    Strings = Collection[str]
    Object = Mapping[str, Any]
else:
    Day = Union[date, None, UnsetType]
    Strings = list[str]
    Object = dict[str, Any]
Bag = Union[Object, UnsetType]


class Input(Struct, rename="camel", kw_only=True):
    """What all request bodies share; a repr names the fields that are set, but not their values."""

    def __repr__(self) -> str:
        fields = (name for name in self.__struct_fields__ if getattr(self, name) is not UNSET)
        return f"{type(self).__name__}({', '.join(fields)})"


class CreateUser(Input, kw_only=True):
    """The starting values of a user."""

    email: Text = UNSET
    password: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    public_metadata: Bag = UNSET
    private_metadata: Bag = UNSET
    unsafe_metadata: Bag = UNSET
    name: Text = UNSET
    phone: Text = UNSET
    address: Text = UNSET
    date_of_birth: Day = UNSET


class UpdateUser(Input, kw_only=True):
    """A change of profile fields: what is not given stays, None clears, a value sets.

    Attributes:
        first_name: the given name.
        last_name: the family name.
        locale: `en` or `da`.
        unsafe_metadata: merged into the stored bag; a null in it deletes its key.
        name: the full name (a field of older API versions, as are the next three).
        phone: the phone number.
        address: the postal address.
        date_of_birth: the day of birth.
    """

    first_name: Text = UNSET
    last_name: Text = UNSET
    locale: Text = UNSET
    unsafe_metadata: Bag = UNSET
    name: Text = UNSET
    phone: Text = UNSET
    address: Text = UNSET
    date_of_birth: Day = UNSET


ToriiUpdateUserInput = UpdateUser


class MetadataPatch(Input, kw_only=True):
    """Bags to merge into those of an organization, a membership or an invitation."""

    public_metadata: Bag = UNSET
    private_metadata: Bag = UNSET


class UserMetadataPatch(MetadataPatch, kw_only=True):
    """Bags to merge into those of a user."""

    unsafe_metadata: Bag = UNSET


class UserSearch(Input, kw_only=True):
    """Filters, all of which must hold."""

    name: Text = UNSET
    user_ids: Texts = UNSET
    email_addresses: Texts = UNSET
    email: Text = UNSET
    statuses: Texts = UNSET
    created_after: Moment = UNSET
    created_before: Moment = UNSET
    organization_id: Text = UNSET


class CreateInvitation(Input, kw_only=True):
    """An invitation to send. Both bags are required, though they may be empty."""

    email: str
    public_metadata: Object
    private_metadata: Object
    expires_in_days: Number = UNSET
    redirect_url: Text = UNSET


class CreateImpersonationToken(Input, kw_only=True):
    """Who wants to act as a user, and why."""

    actor_user_id: str
    reason: str
    redirect_url: Text = UNSET
    expires_in_seconds: Number = UNSET


class SetAllowedOrigins(Input, kw_only=True):
    """The origins that replace the stored ones."""

    origins: Strings
