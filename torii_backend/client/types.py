"""The types that arguments, request bodies and models share.

Arguments have three states: UNSET, the default, leaves a field out. None is sent as null. Any other
value is sent. Metadata has two: UNSET, or an object.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional, Protocol, Union, runtime_checkable
from uuid import UUID

from msgspec import Meta, UnsetType


@runtime_checkable
class TokenRevoker(Protocol):
    """What a client tells of users whose access tokens must no longer be accepted."""

    def revoke(self, user_id: str, *, at: Optional[float] = None) -> None:
        """Refuse the tokens that were issued until a time (seconds since the epoch), or until now."""
        ...


Id = Union[str, UUID]
Timeout = Union[float, tuple[float, float], None]

NullableStr = Union[str, None, UnsetType]
NullableInt = Union[int, None, UnsetType]
StrList = Union[list[str], UnsetType]
# What callers may pass for a list.
StrCollection = Union[Collection[str], UnsetType]
IdCollection = Union[Collection[Id], UnsetType]

Timestamp = Annotated[datetime, Meta(tz=True)]
NullableTimestamp = Union[Timestamp, None, UnsetType]
# Callers may pass text as well, but msgspec allows only one type for a JSON string.
if TYPE_CHECKING:
    NullableDate = Union[date, str, None, UnsetType]
else:
    NullableDate = Union[date, None, UnsetType]

Metadata = dict[str, Any]
MetadataInput = Union[Mapping[str, Any], UnsetType]

QueryPairs = Sequence[tuple[str, str]]
Query = Optional[Mapping[str, Union[str, Collection[str]]]]
