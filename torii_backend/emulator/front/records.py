"""Records of the database as front-ends see them."""

from __future__ import annotations

from sqlite3 import Connection

from torii_backend.client.models import Session
from torii_backend.emulator.front.shapes import (
    FrontOrganization,
    FrontSession,
    FrontUser,
    OwnSession,
)
from torii_backend.emulator.store import members
from torii_backend.emulator.store.users import StoredUser

_MOST_ORGANIZATIONS = 1000


def front_user(user: StoredUser) -> FrontUser:
    """Return a user without what only servers may see."""
    return FrontUser(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        name=user.name,
        first_name=user.first_name,
        last_name=user.last_name,
        locale=user.locale,
        created_at=user.created_at,
        public_metadata=user.public_metadata,
        unsafe_metadata=user.unsafe_metadata,
    )


def front_session(session: Session) -> FrontSession:
    """Return the session of a browser."""
    return FrontSession(
        id=session.id,
        status="active",
        gates=[],
        expires_at=session.expires_at,
        active_organization_id=session.active_organization_id,
    )


def front_organizations(connection: Connection, user_id: str) -> list[FrontOrganization]:
    """Return the organizations of a user."""
    return [
        FrontOrganization(id=each.organization_id, name=each.name, slug=each.slug, role=each.role)
        for each in members.of_user(connection, user_id, after="", limit=_MOST_ORGANIZATIONS)
    ]


def own_session(session: Session, *, current: bool) -> OwnSession:
    """Return a session for the list of the user's own ones."""
    return OwnSession(
        id=session.id,
        current=current,
        created_at=session.created_at,
        expires_at=session.expires_at,
        last_used_at=session.last_used_at,
        user_agent=session.user_agent,
        ip_address=session.ip_address,
        active_organization_id=session.active_organization_id,
    )
