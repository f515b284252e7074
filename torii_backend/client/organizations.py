"""Organizations: the organizations of the environment and their members."""

from __future__ import annotations

from typing import Optional

from msgspec import UNSET

from torii_backend.client._transport.request import (
    ApiRequest,
    describe,
    page_query,
    query_pairs,
)
from torii_backend.client.dispatch import DispatchT, Resource, operation, paginated
from torii_backend.client.inputs import MetadataPatch
from torii_backend.client.models import Organization, OrganizationMember, Page
from torii_backend.client.types import Id, MetadataInput, QueryPairs, Timeout


class Organizations(Resource[DispatchT]):
    """The organizations of the environment. One that the key can't see is `NotFound`."""

    @operation
    def list(
        self,
        *,
        name: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[Organization]]:
        """List organizations, one page at a time.

        Args:
            name: text contained in the name, case-insensitive.
            limit: how many a page has at most, from 1 to 100; the server's default is 20.
            cursor: `next_cursor` of the page before, with the same name.
            timeout: seconds for this call.

        Returns:
            A page of organizations.
        """
        return _list(name, page_query(limit, cursor), timeout)

    @paginated
    def iterate(
        self,
        *,
        name: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[Organization]]:
        """Iterate over all organizations, fetching pages as the loop proceeds.

        Args:
            name: text contained in the name, case-insensitive.
            limit: how many organizations to request at a time.
            cursor: where to begin: the iterator's own `cursor`, or `next_cursor` of a page.
            timeout: seconds for each page.

        Returns:
            An iterator over organizations.
        """
        return _list(name, page_query(limit, cursor), timeout)

    @operation
    def get(self, organization_id: Id, *, timeout: Timeout = None) -> ApiRequest[Organization]:
        """Read one organization.

        Args:
            organization_id: the organization.
            timeout: seconds for this call.

        Returns:
            The organization with its metadata.
        """
        ids = {"organization_id": organization_id}
        return describe(
            "GET", "/organizations/{organization_id}", ids, into=Organization, timeout=timeout
        )

    @operation
    def update_metadata(
        self,
        organization_id: Id,
        *,
        public_metadata: MetadataInput = UNSET,
        private_metadata: MetadataInput = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[Organization]:
        """Merge into an organization's metadata, at any depth; None deletes a key.

        Args:
            organization_id: the organization.
            public_metadata: any member's client can read it; 8 KB at most.
            private_metadata: for servers only; 8 KB at most.
            timeout: seconds for this call.

        Returns:
            The organization as it is now. Torii rejects a call without metadata.
        """
        return describe(
            "PATCH",
            "/organizations/{organization_id}/metadata",
            {"organization_id": organization_id},
            into=Organization,
            body=MetadataPatch(public_metadata=public_metadata, private_metadata=private_metadata),
            timeout=timeout,
        )

    @operation
    def members(
        self,
        organization_id: Id,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[OrganizationMember]]:
        """List the members of an organization by ascending user id, one page at a time.

        Args:
            organization_id: the organization.
            limit: how many a page has at most, from 1 to 100; the server's default is 20.
            cursor: `next_cursor` of the page before.
            timeout: seconds for this call.

        Returns:
            A page of memberships.
        """
        return _members(organization_id, page_query(limit, cursor), timeout)

    @paginated
    def iterate_members(
        self,
        organization_id: Id,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[OrganizationMember]]:
        """Iterate over all members of an organization, fetching pages as the loop proceeds.

        Args:
            organization_id: the organization.
            limit: how many members to request at a time.
            cursor: where to begin: the iterator's own `cursor`, or `next_cursor` of a page.
            timeout: seconds for each page.

        Returns:
            An iterator over memberships.
        """
        return _members(organization_id, page_query(limit, cursor), timeout)

    @operation
    def update_member_metadata(
        self,
        organization_id: Id,
        user_id: Id,
        *,
        public_metadata: MetadataInput = UNSET,
        private_metadata: MetadataInput = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[OrganizationMember]:
        """Merge into a membership's metadata, at any depth; None deletes a key.

        Args:
            organization_id: the organization.
            user_id: the member.
            public_metadata: no client can read it; 8 KB at most.
            private_metadata: for servers only; 8 KB at most.
            timeout: seconds for this call.

        Returns:
            The membership as it is now. Torii rejects a call without metadata.
        """
        return describe(
            "PATCH",
            "/organizations/{organization_id}/members/{user_id}/metadata",
            {"organization_id": organization_id, "user_id": user_id},
            into=OrganizationMember,
            body=MetadataPatch(public_metadata=public_metadata, private_metadata=private_metadata),
            timeout=timeout,
        )


def _list(
    name: Optional[str], page: QueryPairs, timeout: Timeout
) -> ApiRequest[Page[Organization]]:
    query = [*query_pairs("name", name), *page]
    return describe("GET", "/organizations", into=Page[Organization], query=query, timeout=timeout)


def _members(
    organization_id: Id, page: QueryPairs, timeout: Timeout
) -> ApiRequest[Page[OrganizationMember]]:
    return describe(
        "GET",
        "/organizations/{organization_id}/members",
        {"organization_id": organization_id},
        into=Page[OrganizationMember],
        query=page,
        timeout=timeout,
    )
