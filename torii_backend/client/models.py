"""Models: what Torii's REST API returns, one struct per schema of its OpenAPI file.

Unknown fields are ignored, unknown statuses and locales stay plain strings, and missing optional
fields are None. Ids are strings, timestamps are aware datetimes. Structs are immutable, and their
repr shows no personal data.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Optional, TypeVar

from msgspec import Struct, to_builtins

from torii_backend.auth import not_from_requests
from torii_backend.client.types import Metadata, Timestamp

ItemT = TypeVar("ItemT")


class _Record(Struct, frozen=True, rename="camel", kw_only=True):
    """The base of all models. Its repr shows the fields that identify a record."""

    _shown: ClassVar[tuple[str, ...]] = ("id",)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({shown})"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as Torii's API writes it: plain JSON with camelCase names.

        Returns:
            Strings, numbers, lists and dicts; timestamps are text.
        """
        plain: dict[str, Any] = to_builtins(self)
        return plain

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give rich the same; what msgspec has for it shows everything."""
        return [(name, getattr(self, name)) for name in self._shown]


@not_from_requests("your_function")
class Page(_Record, Generic[ItemT], frozen=True, kw_only=True):
    """One page of a listing.

    Attributes:
        items: the records of the page.
        next_cursor: what to pass as `cursor` for the next page; None on the last one.
        has_more: whether there is such a page.
        unreadable: the records that can't be decoded, as plain JSON. Each page that has some is
            logged as a warning.
    """

    _shown: ClassVar[tuple[str, ...]] = ("has_more",)

    items: tuple[ItemT, ...]
    next_cursor: Optional[str] = None
    has_more: bool
    unreadable: tuple[Any, ...] = ()


@not_from_requests("your_function")
class User(_Record, frozen=True, kw_only=True):
    """An end user, as the secret key sees it.

    Attributes:
        id: the same as `Auth.user_id`.
        environment_id: the environment that the user belongs to.
        status: `active`, `banned` or `deleted`.
        created_at: when the account was created.
        updated_at: when it last changed.
        public_metadata: set by servers, visible to the user's client.
        private_metadata: set by servers, visible to servers only.
        unsafe_metadata: set by servers and the user's client: never authorize by it.
        name: the full name.
        first_name: the given name.
        last_name: the family name.
        locale: `en` or `da`.
        email: the primary address.
        email_verified_at: when the primary address was verified.
        deleted_at: when the account was deleted.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    id: str
    environment_id: str
    status: str
    created_at: Timestamp
    updated_at: Timestamp
    public_metadata: Metadata
    private_metadata: Metadata
    unsafe_metadata: Metadata
    name: Optional[str] = None
    first_name: Optional[str] = None
    last_name: Optional[str] = None
    locale: Optional[str] = None
    email: Optional[str] = None
    email_verified_at: Optional[Timestamp] = None
    deleted_at: Optional[Timestamp] = None


@not_from_requests("your_function")
class Session(_Record, frozen=True, kw_only=True):
    """A live sign-in of a user.

    Attributes:
        id: the session's id, for `revoke`.
        user_id: the user.
        environment_id: the environment of that user.
        created_at: when the user signed in.
        expires_at: when it expires.
        last_used_at: when it was last used.
        user_agent: the browser at sign-in.
        ip_address: the client's address at sign-in.
        active_organization_id: the organization that is selected in the session.
        impersonated_by: the id of the user who acts as this one; None in an ordinary session.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "user_id")

    id: str
    user_id: str
    environment_id: str
    created_at: Timestamp
    expires_at: Timestamp
    last_used_at: Timestamp
    user_agent: Optional[str] = None
    ip_address: Optional[str] = None
    active_organization_id: Optional[str] = None
    impersonated_by: Optional[str] = None


@not_from_requests("your_function")
class Organization(_Record, frozen=True, kw_only=True):
    """An organization.

    Attributes:
        id: the same as `Auth.organization_id`.
        name: its name.
        created_at: when it was created.
        public_metadata: any member's client can read it.
        private_metadata: for servers only.
        slug: its name in URLs.
        role_set_id: the roles that its members can have.
    """

    id: str
    name: str
    created_at: Timestamp
    public_metadata: Metadata
    private_metadata: Metadata
    slug: Optional[str] = None
    role_set_id: Optional[str] = None


@not_from_requests("your_function")
class OrganizationMember(_Record, frozen=True, kw_only=True):
    """A membership, seen from the organization.

    Attributes:
        organization_id: the organization.
        user_id: the member.
        role: the role's key, the same as `Auth.organization_role`.
        joined_at: when the user became a member.
        public_metadata: of the membership; no client can read it.
        private_metadata: of the membership, for servers only.
        role_name: the display name of the role.
    """

    _shown: ClassVar[tuple[str, ...]] = ("organization_id", "user_id", "role")

    organization_id: str
    user_id: str
    role: str
    joined_at: Timestamp
    public_metadata: Metadata
    private_metadata: Metadata
    role_name: Optional[str] = None


@not_from_requests("your_function")
class UserOrganization(_Record, frozen=True, kw_only=True):
    """A membership, seen from the user.

    Attributes:
        organization_id: the organization.
        name: the name of the organization.
        role: the role's key, the same as `Auth.organization_role`.
        joined_at: when the user became a member.
        public_metadata: of the membership; no client can read it.
        private_metadata: of the membership, for servers only.
        slug: the slug of the organization.
        role_name: the display name of the role; None if the role set lacks the key.
    """

    _shown: ClassVar[tuple[str, ...]] = ("organization_id", "role")

    organization_id: str
    name: str
    role: str
    joined_at: Timestamp
    public_metadata: Metadata
    private_metadata: Metadata
    slug: Optional[str] = None
    role_name: Optional[str] = None


@not_from_requests("your_function")
class Invitation(_Record, frozen=True, kw_only=True):
    """An invitation by email to join the environment.

    Attributes:
        id: the invitation's id.
        environment_id: the environment that it leads to.
        email: the address that is invited.
        status: `PENDING`, `ACCEPTED`, `REVOKED` or `EXPIRED`.
        expires_at: until when it can be accepted.
        created_at: when it was created.
        accepted_at: when it was accepted.
        revoked_at: when it was withdrawn.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    id: str
    environment_id: str
    email: str
    status: str
    expires_at: Timestamp
    created_at: Timestamp
    accepted_at: Optional[Timestamp] = None
    revoked_at: Optional[Timestamp] = None


class InvitationDetail(Invitation, frozen=True, kw_only=True):
    """An invitation with the metadata that the account will start with.

    Attributes:
        public_metadata: for servers and the user's client.
        private_metadata: for servers only.
    """

    public_metadata: Metadata
    private_metadata: Metadata


@not_from_requests("your_function")
class ImpersonationToken(_Record, frozen=True, kw_only=True):
    """A token that signs its bearer in as a user, once.

    Attributes:
        token: pass it to the tenant host, `POST /_torii/auth/session/impersonate`.
        expires_in_seconds: the lifetime that was granted.
        url: a link that uses the token in a browser; None without a landing page.
    """

    _shown: ClassVar[tuple[str, ...]] = ("expires_in_seconds",)

    token: str
    expires_in_seconds: int
    url: Optional[str] = None


@not_from_requests("your_function")
class AllowedOrigins(_Record, frozen=True, kw_only=True):
    """The allowed origins in addition to those of web applications.

    Attributes:
        origins: whole origins, such as `capacitor://localhost`.
    """

    _shown: ClassVar[tuple[str, ...]] = ("origins",)

    origins: tuple[str, ...]
