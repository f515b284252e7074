"""The memberships of users in organizations."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import Organization, OrganizationMember, UserOrganization

_decode = msgspec.json.Decoder(OrganizationMember).decode
_decode_organization = msgspec.json.Decoder(Organization).decode


def put(connection: Connection, member: OrganizationMember) -> None:
    """Add or replace the membership of a user in an organization."""
    connection.execute(
        "INSERT OR REPLACE INTO members (organization_id, user_id, record) VALUES (?, ?, ?)",
        (member.organization_id, member.user_id, msgspec.json.encode(member)),
    )


def find(
    connection: Connection, organization_id: str, user_id: str
) -> Optional[OrganizationMember]:
    """Return the membership of a user in an organization."""
    row = connection.execute(
        "SELECT record FROM members WHERE organization_id = ? AND user_id = ?",
        (organization_id, user_id),
    ).fetchone()
    return None if row is None else _decode(row[0])


def of_organization(
    connection: Connection, organization_id: str, *, after: str, limit: int
) -> list[OrganizationMember]:
    """Return the members of an organization after a user id, in order of user ids."""
    rows = connection.execute(
        "SELECT record FROM members WHERE organization_id = ? AND user_id > ?"
        " ORDER BY user_id LIMIT ?",
        (organization_id, after, limit),
    )
    return [_decode(record) for (record,) in rows]


def of_user(
    connection: Connection, user_id: str, *, after: str, limit: int
) -> list[UserOrganization]:
    """Return the organizations of a user after an organization id, in order of ids."""
    rows = connection.execute(
        "SELECT members.record, organizations.record"
        " FROM members JOIN organizations ON organizations.id = organization_id"
        " WHERE user_id = ? AND organization_id > ? ORDER BY organization_id LIMIT ?",
        (user_id, after, limit),
    )
    return [_as_user_organization(_decode(row[0]), _decode_organization(row[1])) for row in rows]


def all_of_user(connection: Connection, user_id: str) -> list[OrganizationMember]:
    """Return all memberships of a user, in order of organization ids."""
    rows = connection.execute(
        "SELECT record FROM members WHERE user_id = ? ORDER BY organization_id", (user_id,)
    )
    return [_decode(record) for (record,) in rows]


def change(connection: Connection, member: OrganizationMember, **fields: Any) -> OrganizationMember:
    """Change fields of a membership. Return the new record."""
    changed = msgspec.structs.replace(member, **fields)
    put(connection, changed)
    return changed


def _as_user_organization(
    member: OrganizationMember, organization: Organization
) -> UserOrganization:
    return UserOrganization(
        organization_id=organization.id,
        name=organization.name,
        slug=organization.slug,
        role=member.role,
        role_name=member.role_name,
        joined_at=member.joined_at,
        public_metadata=member.public_metadata,
        private_metadata=member.private_metadata,
    )
