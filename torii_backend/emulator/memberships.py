"""Make users members of organizations, which the REST API has no call for."""

from __future__ import annotations

from sqlite3 import Connection

from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.ids import normalize_id
from torii_backend.emulator.store import members, organizations
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.webhooks.delivery import Change


def put_member(connection: Connection, user: StoredUser, organization_id: str, role: str) -> Change:
    """Add a user to an organization, or change the role there. Return the change, with the membership.

    Raise ValueError if the organization is unknown, or belongs to another environment.
    """
    organization_id = normalize_id(organization_id)
    environment_id = organizations.environment_of(connection, organization_id)
    if environment_id != user.environment_id:
        raise ValueError(
            "organization_id must be the id of an organization in the user's environment."
        )
    member = members.find(connection, organization_id, user.id)
    if member is not None:
        changed = members.change(connection, member, role=role)
        return Change(user.environment_id, "organization.member_updated", changed)
    added = OrganizationMember(
        organization_id=organization_id,
        user_id=user.id,
        role=role,
        joined_at=now(),
        public_metadata={},
        private_metadata={},
    )
    members.put(connection, added)
    return Change(user.environment_id, "organization.member_added", added)
