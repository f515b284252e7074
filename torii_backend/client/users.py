"""Users: end-user accounts, their status and their metadata."""

from __future__ import annotations

from typing import Optional

from msgspec import UNSET

from torii_backend.client._transport.request import (
    ApiRequest,
    describe,
    page_query,
)
from torii_backend.client.dispatch import DispatchT, operation, paginated
from torii_backend.client.inputs import CreateUser, UpdateUser, UserMetadataPatch
from torii_backend.client.models import Page, User, UserOrganization
from torii_backend.client.types import (
    Id,
    MetadataInput,
    NullableDate,
    NullableStr,
    QueryPairs,
    Timeout,
)
from torii_backend.client.user_search import UserSearchResource


class Users(UserSearchResource[DispatchT]):
    """The users of the environment.

    `ToriiClient` lists what every method raises. Ids are str or UUID.
    """

    @operation
    def get(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Read one user.

        Args:
            user_id: the user.
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
        """Add a user. All arguments are optional, but a user without an email can't sign in.

        Args:
            email: the primary address.
            password: checked against the environment's rules. Without one, the user can't sign in
                with a password.
            first_name: the given name.
            last_name: the family name.
            public_metadata: set by servers, visible to the user's client.
            private_metadata: set by servers, visible to servers only.
            unsafe_metadata: set by servers and the user's client, visible to both.
            name: the full name. This and the next three are fields of older API versions.
            phone: the phone number.
            address: the postal address.
            date_of_birth: a date, or text such as 1815-12-10.
            timeout: seconds for this call.

        Returns:
            The new user's record. `Conflict` if the email is taken.
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
        """Change profile fields. Fields you leave out keep their value; None clears a field.

        Args:
            user_id: the user.
            patch: the whole change as a `ToriiUpdateUserInput`, instead of the keywords below.
            first_name: the given name.
            last_name: the family name.
            locale: `en` or `da`.
            unsafe_metadata: merged into the stored metadata; None deletes a key.
            name: the full name. This and the next three are fields of older API versions.
            phone: the phone number.
            address: the postal address.
            date_of_birth: a date, or text such as 1815-12-10.
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
        """Merge into a user's metadata, at any depth; None deletes a key.

        Args:
            user_id: the user.
            public_metadata: set by servers, visible to the user's client.
            private_metadata: set by servers, visible to servers only.
            unsafe_metadata: set by servers and the user's client, visible to both.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now. The merged metadata can have 8 KB in total.
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
        """Soft-delete a user. The status becomes `deleted`; a second call is `Forbidden`.

        Args:
            user_id: the user.
            timeout: seconds for this call.
        """
        ids = {"user_id": user_id}
        return describe(
            "DELETE",
            "/users/{user_id}",
            ids,
            into=type(None),
            timeout=timeout,
            revokes=user_id,
            done_before=((403, {"code": "forbidden"}), (404, {"code": "user_not_found"})),
        )

    @operation
    def ban(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Ban a user and end their sessions.

        Access tokens stay valid until they expire, unless the client has `revocations`.

        Args:
            user_id: the user.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now.
        """
        return describe(
            "POST",
            "/users/{user_id}/ban",
            {"user_id": user_id},
            into=User,
            timeout=timeout,
            is_repeatable=True,
            revokes=user_id,
        )

    @operation
    def unban(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[User]:
        """Lift a ban. The user can sign in again.

        Args:
            user_id: the user.
            timeout: seconds for this call.

        Returns:
            The user's record as it is now.
        """
        ids = {"user_id": user_id}
        return describe(
            "POST", "/users/{user_id}/unban", ids, into=User, timeout=timeout, is_repeatable=True
        )

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
            user_id: the user.
            limit: how many a page has at most, from 1 to 100; the server's default is 20.
            cursor: `next_cursor` of the page before.
            timeout: seconds for this call.

        Returns:
            A page of memberships. `Forbidden` if the user is unknown or of another environment.
        """
        return _organizations(user_id, page_query(limit, cursor), timeout)

    @paginated
    def iterate_organizations(
        self,
        user_id: Id,
        *,
        limit: Optional[int] = None,
        cursor: Optional[Id] = None,
        timeout: Timeout = None,
    ) -> ApiRequest[Page[UserOrganization]]:
        """Iterate over all organizations of a user, fetching pages as the loop proceeds.

        Args:
            user_id: the user.
            limit: how many organizations to request at a time.
            cursor: where to begin: the iterator's own `cursor`, or `next_cursor` of a page.
            timeout: seconds for each page.

        Returns:
            An iterator over memberships.
        """
        return _organizations(user_id, page_query(limit, cursor), timeout)


def _organizations(
    user_id: Id, page: QueryPairs, timeout: Timeout
) -> ApiRequest[Page[UserOrganization]]:
    return describe(
        "GET",
        "/users/{user_id}/organizations",
        {"user_id": user_id},
        into=Page[UserOrganization],
        query=page,
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
