"""Users: end-user accounts, their status and their metadata."""

from __future__ import annotations

from typing import Optional

from msgspec import UNSET

from torii_backend.client._transport.request import (
    ApiRequest,
    describe,
    page_query,
)
from torii_backend.client.dispatch import DispatchT, operation
from torii_backend.client.inputs import CreateUser, UpdateUser, UserMetadataPatch
from torii_backend.client.models import Page, User, UserOrganization
from torii_backend.client.types import Id, MetadataInput, NullableDate, NullableStr, Timeout
from torii_backend.client.user_search import UserSearchResource


class Users(UserSearchResource[DispatchT]):
    """The users of the environment.

    Every method raises what the client's class names, takes ids as str or UUID, and a `timeout` in
    seconds for one call.
    """

    @operation
    def get(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Read one user.

        Args:
            user_id: whose record to read.
            timeout: seconds for this call.

        Returns:
            The user's record.
        """
        return describe("GET", "/users/{user_id}", {"user_id": user_id}, into=User, timeout=timeout)

    @operation
    def create(
        self,
        *,
        email: NullableStr = UNSET,
        password: NullableStr = UNSET,
        first_name: NullableStr = UNSET,
        last_name: NullableStr = UNSET,
        public_metadata: MetadataInput = UNSET,
        private_metadata: MetadataInput = UNSET,
        unsafe_metadata: MetadataInput = UNSET,
        name: NullableStr = UNSET,
        phone: NullableStr = UNSET,
        address: NullableStr = UNSET,
        date_of_birth: NullableDate = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[User]:
        """Add a user. Nothing is required, but without an email the user cannot sign in.

        Args:
            email: the primary address.
            password: checked against the environment's rules; without one there is no password
                sign-in.
            first_name: the given name.
            last_name: the family name.
            public_metadata: set by servers, visible to the user's client.
            private_metadata: set and seen by servers only.
            unsafe_metadata: set and seen by the user's client as well.
            name: the full name; this and the next three are fields of older API versions.
            phone: the phone number.
            address: the postal address.
            date_of_birth: a date, or its ISO form such as 1815-12-10.
            timeout: seconds for this call.

        Returns:
            The new user's record. A taken email is a `Conflict`.
        """
        user = CreateUser(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            public_metadata=public_metadata,
            private_metadata=private_metadata,
            unsafe_metadata=unsafe_metadata,
            name=name,
            phone=phone,
            address=address,
            date_of_birth=date_of_birth,
        )
        return describe("POST", "/users", into=User, body=user, timeout=timeout)

    @operation
    def update(
        self,
        user_id: Id,
        patch: Optional[UpdateUser] = None,
        *,
        first_name: NullableStr = UNSET,
        last_name: NullableStr = UNSET,
        locale: NullableStr = UNSET,
        unsafe_metadata: MetadataInput = UNSET,
        name: NullableStr = UNSET,
        phone: NullableStr = UNSET,
        address: NullableStr = UNSET,
        date_of_birth: NullableDate = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[User]:
        """Change profile fields: what is not given stays, None clears, a value sets.

        Args:
            user_id: whose profile to change.
            patch: the whole change as a `ToriiUpdateUserInput`, instead of the keywords below.
            first_name: the given name.
            last_name: the family name.
            locale: `en` or `da`.
            unsafe_metadata: merged into the stored bag; a None in it deletes its key.
            name: the full name; this and the next three are fields of older API versions.
            phone: the phone number.
            address: the postal address.
            date_of_birth: a date, or its ISO form such as 1815-12-10.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now.
        """
        keywords = UpdateUser(
            first_name=first_name,
            last_name=last_name,
            locale=locale,
            unsafe_metadata=unsafe_metadata,
            name=name,
            phone=phone,
            address=address,
            date_of_birth=date_of_birth,
        )
        return describe(
            "PATCH",
            "/users/{user_id}",
            {"user_id": user_id},
            into=User,
            body=_either(patch, keywords),
            timeout=timeout,
        )

    @operation
    def update_metadata(
        self,
        user_id: Id,
        *,
        public_metadata: MetadataInput = UNSET,
        private_metadata: MetadataInput = UNSET,
        unsafe_metadata: MetadataInput = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[User]:
        """Merge into a user's metadata, at any depth; a None in a bag deletes its key.

        Args:
            user_id: whose metadata to change.
            public_metadata: set by servers, visible to the user's client.
            private_metadata: set and seen by servers only.
            unsafe_metadata: set and seen by the user's client as well.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now. The merged bags together hold 8 KB at most.
        """
        patch = UserMetadataPatch(
            public_metadata=public_metadata,
            private_metadata=private_metadata,
            unsafe_metadata=unsafe_metadata,
        )
        ids = {"user_id": user_id}
        return describe(
            "PATCH", "/users/{user_id}/metadata", ids, into=User, body=patch, timeout=timeout
        )

    @operation
    def delete(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[None]:
        """Delete a user softly: the status becomes `deleted`, and a second call is `Forbidden`.

        Args:
            user_id: whom to delete.
            timeout: seconds for this call.
        """
        ids = {"user_id": user_id}
        return describe(
            "DELETE",
            "/users/{user_id}",
            ids,
            into=type(None),
            timeout=timeout,
            gone_when_repeated=True,
        )

    @operation
    def ban(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Ban a user and end their sessions; access tokens still pass until they expire.

        Args:
            user_id: whom to ban.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now.
        """
        ids = {"user_id": user_id}
        return describe("POST", "/users/{user_id}/ban", ids, into=User, timeout=timeout)

    @operation
    def unban(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Lift a ban: the user may sign in again.

        Args:
            user_id: whose ban to lift.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now.
        """
        ids = {"user_id": user_id}
        return describe("POST", "/users/{user_id}/unban", ids, into=User, timeout=timeout)

    @operation
    def organizations(
        self,
        user_id: Id,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[UserOrganization]]:
        """List the organizations of a user, one page at a time.

        Args:
            user_id: whose memberships to list.
            limit: how many a page has at most, from 1 to 100; the server's default is 20.
            cursor: `next_cursor` of the page before.
            timeout: seconds for this call.

        Returns:
            A page of memberships. An unknown user is `Forbidden`, as a foreign one is.
        """
        return describe(
            "GET",
            "/users/{user_id}/organizations",
            {"user_id": user_id},
            into=Page[UserOrganization],
            query=page_query(limit, cursor),
            timeout=timeout,
        )


def _either(patch: Optional[UpdateUser], keywords: UpdateUser) -> UpdateUser:
    if patch is None:
        return keywords
    if not isinstance(patch, UpdateUser):
        raise TypeError("patch must be a ToriiUpdateUserInput.")
    if keywords != UpdateUser():
        raise TypeError("Pass either a patch or keywords, not both.")
    return patch
