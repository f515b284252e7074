"""Invitations to the environment by email."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Optional, Union

from msgspec import UNSET

from torii_backend.client._transport.request import (
    ApiRequest,
    describe,
    page_query,
    query_pairs,
)
from torii_backend.client.dispatch import DispatchT, Resource, operation, paginated
from torii_backend.client.inputs import CreateInvitation, MetadataPatch
from torii_backend.client.models import Invitation, InvitationDetail, Page
from torii_backend.client.types import (
    Id,
    MetadataInput,
    NullableInt,
    NullableStr,
    QueryPairs,
    Timeout,
)

NO_METADATA: Mapping[str, Any] = {}


class Invitations(Resource[DispatchT]):
    """The invitations of the environment. Only a pending one can be changed, resent or revoked."""

    @operation
    def list(
        self,
        *,
        status: Union[str, Collection[str], None] = None,
        search: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[Invitation]]:
        """List invitations, one page at a time, without their metadata.

        Args:
            status: one or several of `PENDING`, `ACCEPTED`, `REVOKED`, `EXPIRED`.
            search: text to search for. Torii does not publish which fields it searches.
            limit: how many a page has at most; the server's default is 20.
            cursor: `next_cursor` of the page before, with the same filters.
            timeout: seconds for this call.

        Returns:
            A page of invitations.
        """
        return _list(status, search, page_query(limit, cursor), timeout)

    @paginated
    def iterate(
        self,
        *,
        status: Union[str, Collection[str], None] = None,
        search: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[Invitation]]:
        """Iterate over all invitations, fetching pages as the loop proceeds.

        Args:
            status: one or several of `PENDING`, `ACCEPTED`, `REVOKED`, `EXPIRED`.
            search: text to search for.
            limit: how many invitations to request at a time.
            cursor: where to begin: the iterator's own `cursor`, or `next_cursor` of a page.
            timeout: seconds for each page.

        Returns:
            An iterator over invitations.
        """
        return _list(status, search, page_query(limit, cursor), timeout)

    @operation
    def create(
        self,
        email: str,
        *,
        expires_in_days: NullableInt = UNSET,
        redirect_url: NullableStr = UNSET,
        public_metadata: Mapping[str, Any] = NO_METADATA,
        private_metadata: Mapping[str, Any] = NO_METADATA,
        timeout: Timeout = None,
    ) -> ApiRequest[Invitation]:
        """Invite an email address. The mail is sent before the call returns.

        Args:
            email: the address to invite.
            expires_in_days: how long the invitation can be accepted.
            redirect_url: the final destination of the link in the mail.
            public_metadata: what the account starts with; visible to the user's client.
            private_metadata: what the account starts with; visible to servers only.
            timeout: seconds for this call.

        Returns:
            The invitation, without its metadata. An address that has an account is a `Conflict`,
            too many invitations are `RateLimited`.
        """
        invitation = CreateInvitation(
            email=email,
            expires_in_days=expires_in_days,
            redirect_url=redirect_url,
            public_metadata=public_metadata,
            private_metadata=private_metadata,
        )
        return describe("POST", "/invitations", into=Invitation, body=invitation, timeout=timeout)

    @operation
    def get(self, invitation_id: Id, *, timeout: Timeout = None) -> ApiRequest[InvitationDetail]:
        """Read one invitation.

        Args:
            invitation_id: the invitation.
            timeout: seconds for this call.

        Returns:
            The invitation with its metadata.
        """
        ids = {"invitation_id": invitation_id}
        return describe(
            "GET", "/invitations/{invitation_id}", ids, into=InvitationDetail, timeout=timeout
        )

    @operation
    def update_metadata(
        self,
        invitation_id: Id,
        *,
        public_metadata: MetadataInput = UNSET,
        private_metadata: MetadataInput = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[InvitationDetail]:
        """Merge into the metadata of a pending invitation; None deletes a key.

        Args:
            invitation_id: the invitation.
            public_metadata: what the account starts with; visible to the user's client.
            private_metadata: what the account starts with; visible to servers only.
            timeout: seconds for this call.

        Returns:
            The invitation as it is now. One that is not pending is a `Conflict` with the code
            `invitation_not_pending`, and `invitationStatus` in the error's body.
        """
        return describe(
            "PATCH",
            "/invitations/{invitation_id}",
            {"invitation_id": invitation_id},
            into=InvitationDetail,
            body=MetadataPatch(public_metadata=public_metadata, private_metadata=private_metadata),
            timeout=timeout,
        )

    @operation
    def resend(self, invitation_id: Id, *, timeout: Timeout = None) -> ApiRequest[Invitation]:
        """Mail a pending invitation again, with a new link.

        Args:
            invitation_id: the invitation.
            timeout: seconds for this call.

        Returns:
            The invitation, without its metadata.
        """
        ids = {"invitation_id": invitation_id}
        return describe(
            "POST", "/invitations/{invitation_id}/resend", ids, into=Invitation, timeout=timeout
        )

    @operation
    def revoke(self, invitation_id: Id, *, timeout: Timeout = None) -> ApiRequest[None]:
        """Withdraw a pending invitation.

        Args:
            invitation_id: the invitation.
            timeout: seconds for this call.
        """
        ids = {"invitation_id": invitation_id}
        revoked = {"code": "invitation_not_pending", "invitationStatus": "REVOKED"}
        return describe(
            "DELETE",
            "/invitations/{invitation_id}",
            ids,
            into=type(None),
            timeout=timeout,
            done_before=((409, revoked),),
        )


def _list(
    status: Union[str, Collection[str], None],
    search: Optional[str],
    page: QueryPairs,
    timeout: Timeout,
) -> ApiRequest[Page[Invitation]]:
    query = [*query_pairs("status", status), *query_pairs("search", search), *page]
    return describe("GET", "/invitations", into=Page[Invitation], query=query, timeout=timeout)
