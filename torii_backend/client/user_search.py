"""Searching users, page by page or one by one."""

from __future__ import annotations

from typing import Any, Optional, Union

from msgspec import UNSET, UnsetType

from torii_backend.client._transport.request import (
    ApiRequest,
    describe,
    page_query,
)
from torii_backend.client.dispatch import DispatchT, Resource, operation, paginated
from torii_backend.client.inputs import UserSearch
from torii_backend.client.models import Page, User
from torii_backend.client.types import (
    Id,
    IdCollection,
    NullableStr,
    NullableTimestamp,
    QueryPairs,
    StrCollection,
    Timeout,
)


class UserSearchResource(Resource[DispatchT]):
    """Searching users. `Users` inherits it."""

    @operation
    def list(
        self,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        name: NullableStr = UNSET,
        user_ids: IdCollection = UNSET,
        email_addresses: StrCollection = UNSET,
        email: NullableStr = UNSET,
        statuses: StrCollection = UNSET,
        created_after: NullableTimestamp = UNSET,
        created_before: NullableTimestamp = UNSET,
        organization_id: Union[Id, UnsetType, None] = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[User]]:
        """Find users, one page at a time. All filters must match.

        Args:
            limit: how many users a page has at most; the server's default is 20.
            cursor: `next_cursor` of the page before, with the same filters.
            name: text contained in the name, case-insensitive; None finds users without one.
            user_ids: users with these ids, 100 at most; an empty list finds no users.
            email_addresses: users with these addresses, 100 at most; an empty list finds no users.
            email: text contained in the primary address; None and "" do not filter.
            statuses: any of `active`, `banned`, `deleted`.
            created_after: the earliest time of creation, an aware datetime.
            created_before: the latest time of creation, an aware datetime.
            organization_id: members of this organization.
            timeout: seconds for this call.

        Returns:
            A page of users, in a stable order.
        """
        return _search(
            page_query(limit, cursor),
            timeout,
            name=name,
            user_ids=user_ids,
            email_addresses=email_addresses,
            email=email,
            statuses=statuses,
            created_after=created_after,
            created_before=created_before,
            organization_id=organization_id,
        )

    @paginated
    def iterate(
        self,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        name: NullableStr = UNSET,
        user_ids: IdCollection = UNSET,
        email_addresses: StrCollection = UNSET,
        email: NullableStr = UNSET,
        statuses: StrCollection = UNSET,
        created_after: NullableTimestamp = UNSET,
        created_before: NullableTimestamp = UNSET,
        organization_id: Union[Id, UnsetType, None] = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[User]]:
        """Iterate over all users that match the filters, fetching pages as the loop proceeds.

        Args:
            limit: how many users to request at a time.
            cursor: where to begin: the iterator's own `cursor`, or `next_cursor` of a page.
            name: this and the other filters are those of `list`.
            user_ids: see `list`.
            email_addresses: see `list`.
            email: see `list`.
            statuses: see `list`.
            created_after: see `list`.
            created_before: see `list`.
            organization_id: see `list`.
            timeout: seconds for each page.

        Returns:
            An iterator over users.
        """
        return _search(
            page_query(limit, cursor),
            timeout,
            name=name,
            user_ids=user_ids,
            email_addresses=email_addresses,
            email=email,
            statuses=statuses,
            created_after=created_after,
            created_before=created_before,
            organization_id=organization_id,
        )


def _search(query: QueryPairs, timeout: Timeout, **filters: Any) -> ApiRequest[Page[User]]:
    search = UserSearch(**filters)
    return describe(
        "POST",
        "/users/search",
        into=Page[User],
        query=query,
        body=search,
        timeout=timeout,
        is_repeatable=True,
    )
