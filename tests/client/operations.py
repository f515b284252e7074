"""Every method of the client, called with the least that it takes."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Union
from uuid import UUID

from .documents import (
    IMPERSONATION_TOKEN,
    INVITATION,
    INVITATION_DETAIL,
    MEMBER,
    ORGANIZATION,
    ORIGINS,
    SESSION,
    USER,
    USER_ORGANIZATION,
)
from .records import page

U = UUID(int=1)
S = UUID(int=2)
O = UUID(int=3)  # noqa: E741
I = UUID(int=4)  # noqa: E741


class Operation(NamedTuple):
    """One operation of the OpenAPI file, and the method that reaches it.

    Attributes:
        name: the `operationId`.
        method: where the method is, from the client on.
        ids: its arguments that are ids, by name.
        others: its other arguments.
        response: the body that the server responds with; None for none.
    """

    name: str
    method: str
    ids: dict[str, Union[str, UUID]]
    others: dict[str, Any]
    response: Any

    def of(self, client: Any) -> Callable[..., Any]:
        """Give the method of a client, or of its `with_raw_response`."""
        resource, method = self.method.split(".")
        found: Callable[..., Any] = getattr(getattr(client, resource), method)
        return found

    def call(self, client: Any) -> Any:
        return self.of(client)(**self.ids, **self.others)


OPERATIONS = [
    Operation("createUser", "users.create", {}, {}, USER),
    Operation("searchUsers", "users.list", {}, {}, page(USER)),
    Operation("getUser", "users.get", {"user_id": U}, {}, USER),
    Operation("updateUser", "users.update", {"user_id": U}, {}, USER),
    Operation("deleteUser", "users.delete", {"user_id": U}, {}, None),
    Operation("updateUserMetadata", "users.update_metadata", {"user_id": U}, {}, USER),
    Operation("banUser", "users.ban", {"user_id": U}, {}, USER),
    Operation("unbanUser", "users.unban", {"user_id": U}, {}, USER),
    Operation(
        "listUserOrganizations", "users.organizations", {"user_id": U}, {}, page(USER_ORGANIZATION)
    ),
    Operation("listSessions", "sessions.list_for_user", {"user_id": U}, {}, [SESSION]),
    Operation("revokeAllSessions", "sessions.revoke_all_for_user", {"user_id": U}, {}, None),
    Operation("revokeSession", "sessions.revoke", {"user_id": U, "session_id": S}, {}, None),
    Operation(
        "mintImpersonationToken",
        "impersonation.create_token",
        {"user_id": U, "actor_user_id": UUID(int=5)},
        {"reason": "support"},
        IMPERSONATION_TOKEN,
    ),
    Operation("listOrganizations", "organizations.list", {}, {}, page(ORGANIZATION)),
    Operation("getOrganization", "organizations.get", {"organization_id": O}, {}, ORGANIZATION),
    Operation(
        "updateOrganizationMetadata",
        "organizations.update_metadata",
        {"organization_id": O},
        {},
        ORGANIZATION,
    ),
    Operation("listMembers", "organizations.members", {"organization_id": O}, {}, page(MEMBER)),
    Operation(
        "updateMemberMetadata",
        "organizations.update_member_metadata",
        {"organization_id": O, "user_id": U},
        {},
        MEMBER,
    ),
    Operation("listInvitations", "invitations.list", {}, {}, page(INVITATION)),
    Operation(
        "createInvitation", "invitations.create", {}, {"email": "ada@example.com"}, INVITATION
    ),
    Operation("getInvitation", "invitations.get", {"invitation_id": I}, {}, INVITATION_DETAIL),
    Operation(
        "updateInvitationMetadata",
        "invitations.update_metadata",
        {"invitation_id": I},
        {},
        INVITATION_DETAIL,
    ),
    Operation("resendInvitation", "invitations.resend", {"invitation_id": I}, {}, INVITATION),
    Operation("revokeInvitation", "invitations.revoke", {"invitation_id": I}, {}, None),
    Operation("getAllowedOrigins", "allowed_origins.get", {}, {}, ORIGINS),
    Operation("setAllowedOrigins", "allowed_origins.set", {}, {"origins": []}, ORIGINS),
]

# Each method that iterates, and the one that lists a page of the same.
ITERATIONS = {
    "users.iterate": "users.list",
    "users.iterate_organizations": "users.organizations",
    "organizations.iterate": "organizations.list",
    "organizations.iterate_members": "organizations.members",
    "invitations.iterate": "invitations.list",
}

# Doing one of these twice is more than doing it once.
NOT_REPEATABLE = {
    "users.create",
    "invitations.create",
    "invitations.resend",
    "impersonation.create_token",
}
