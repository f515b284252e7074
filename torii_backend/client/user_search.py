"""Users as a search finds them: page by page, or one after the other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Optional, Union

from msgspec import UNSET, UnsetType

from torii_backend.client._transport.request import (
    ApiRequest,
    Id,
    Query,
    Timeout,
    describe,
    page_query,
)
from torii_backend.client.dispatch import FaceT, Resource, iteration, operation
from torii_backend.client.inputs import Text, UserSearch
from torii_backend.client.models import Page, User

Moment = Union[datetime, None, UnsetType]


class FoundUsers(Resource[FaceT]):
    """The users that filters let through."""

    @operation
    def list(
        self,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        name: Text = UNSET,
        user_ids: Union[Collection[Id], UnsetType] = UNSET,
        email_addresses: Union[Collection[str], UnsetType] = UNSET,
        email: Text = UNSET,
        statuses: Union[Collection[str], UnsetType] = UNSET,
        created_after: Moment = UNSET,
        created_before: Moment = UNSET,
        organization_id: Union[Id, UnsetType, None] = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[User]]:
        """Find users, one page at a time; filters that are not given do not filter.

        Args:
            limit: how many users a page has at most; the server's default is 20.
            cursor: `next_cursor` of the page before, with the same filters.
            name: text contained in the name, in any letter case; None finds users without a name.
            user_ids: users with these ids, 100 at most; an empty list finds nobody.
            email_addresses: users with these addresses, 100 at most; an empty list finds nobody.
            email: text contained in the primary address; None and "" do not filter.
            statuses: any of `active`, `banned`, `deleted`.
            created_after: the earliest time of creation, an aware datetime.
            created_before: the latest time of creation, an aware datetime.
            organization_id: members of this organization.
            timeout: seconds for this call.

        Returns:
            A page of users, in an order that does not change.
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

    @iteration
    def iterate(
        self,
        *,
        limit: Optional[int] = None,
        name: Text = UNSET,
        user_ids: Union[Collection[Id], UnsetType] = UNSET,
        email_addresses: Union[Collection[str], UnsetType] = UNSET,
        email: Text = UNSET,
        statuses: Union[Collection[str], UnsetType] = UNSET,
        created_after: Moment = UNSET,
        created_before: Moment = UNSET,
        organization_id: Union[Id, UnsetType, None] = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[User]]:
        """Go through all users that the filters let through, page by page as the loop proceeds.

        Args:
            limit: how many users to ask for at a time.
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
            An iterator of users.
        """
        return _search(
            page_query(limit, None),
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


def _search(query: Query, timeout: Timeout, **filters: Any) -> ApiRequest[Page[User]]:
    search = UserSearch(**filters)
    return describe(
        "POST", "/users/search", into=Page[User], query=query, body=search, timeout=timeout
    )
