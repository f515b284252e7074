"""SignIn: issue access tokens and start sessions for users of the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from sqlite3 import Connection
from typing import Any, NamedTuple, Optional

from torii_backend.client.models import OrganizationMember, Session
from torii_backend.emulator.claims import claims_for_unknown_user, claims_for_user
from torii_backend.emulator.ids import is_id, new_id, normalize_id
from torii_backend.emulator.store import (
    impersonations,
    members,
    session_tokens,
    sessions,
    users,
)
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tokens import IssuedToken, require_user_id

_SESSION_LIFETIME = timedelta(days=7)
_IMPERSONATION_LIFETIME = timedelta(hours=1)


class Device(NamedTuple):
    """What a request tells about the user's device."""

    user_agent: Optional[str]
    ip_address: Optional[str]


class Redeemed(NamedTuple):
    """The access token for an impersonation token, and the page that a browser goes to next."""

    issued: IssuedToken
    landing_page: Optional[str]


class SignIn:
    """Sign users in. `environment_id` is the claim `pid` of unknown users."""

    def __init__(self, tenant: Tenant, database: Database, environment_id: str) -> None:
        self._tenant = tenant
        self._database = database
        self._environment_id = environment_id

    def issue_token(
        self, user_id: str, *, claims: Optional[Mapping[str, Any]], expires_in: int
    ) -> IssuedToken:
        """Issue an access token without a session."""
        user = self._find_active_user(require_user_id(user_id))
        if user is None:
            subject = claims_for_unknown_user(user_id, self._environment_id)
        else:
            subject = claims_for_user(user)
        return self._tenant.sign(subject, claims=claims, expires_in=expires_in)

    def start_session(
        self, user_id: str, *, active_organization_id: Optional[str], device: Device
    ) -> tuple[Session, IssuedToken]:
        """Start a session of seven days. Raise ValueError if the user can't have it."""
        with self._database.transaction() as connection:
            user = users.find(connection, normalize_id(user_id))
            if user is None:
                raise ValueError("user_id must be the id of an existing user.")
            membership = _membership(connection, _require_active(user), active_organization_id)
            return self.open_session(connection, user, device, organization=membership)

    def open_session(
        self,
        connection: Connection,
        user: StoredUser,
        device: Device,
        *,
        organization: Optional[OrganizationMember] = None,
    ) -> tuple[Session, IssuedToken]:
        """Start a session of seven days for an active user, within a transaction."""
        session = _session(user, device, lifetime=_SESSION_LIFETIME, organization=organization)
        sessions.add(connection, session)
        return session, self.issue_for_session(connection, session, user)

    def issue_for_session(
        self, connection: Connection, session: Session, user: StoredUser
    ) -> IssuedToken:
        """Issue an access token of a live session, from the user's record of now."""
        membership = None
        if session.active_organization_id is not None:
            # None if the user has left it.
            membership = members.find(connection, session.active_organization_id, user.id)
        issued = self._tenant.sign(
            claims_for_user(
                user, active_membership=membership, actor_user_id=session.impersonated_by
            )
        )
        session_tokens.remember_access_token(connection, issued, session.id, now())
        return issued

    def redeem(self, token: str, device: Device) -> Optional[Redeemed]:
        """Exchange an impersonation token for a session of an hour.

        None if the token is unknown, used or expired, or if the user or the actor isn't active.
        """
        with self._database.transaction() as connection:
            impersonation = impersonations.redeem(connection, token, now())
            if impersonation is None:
                return None
            user = users.find(connection, impersonation.user_id)
            actor = users.find(connection, impersonation.actor_user_id)
            if user is None or actor is None or {user.status, actor.status} != {"active"}:
                return None
            session = _session(
                user, device, lifetime=_IMPERSONATION_LIFETIME, actor_user_id=actor.id
            )
            sessions.add(connection, session)
        issued = self._tenant.sign(claims_for_user(user, actor_user_id=actor.id))
        return Redeemed(issued, impersonation.landing_page)

    def _find_active_user(self, user_id: str) -> Optional[StoredUser]:
        if not is_id(user_id) or self._database.closed:
            return None
        with self._database.transaction() as connection:
            user = users.find(connection, normalize_id(user_id))
        return None if user is None else _require_active(user)


def _require_active(user: StoredUser) -> StoredUser:
    if user.status != "active":
        raise ValueError(f"user_id must be the id of an active user. This one is {user.status}.")
    return user


def _membership(
    connection: Connection, user: StoredUser, organization_id: Optional[str]
) -> Optional[OrganizationMember]:
    if organization_id is None:
        return None
    membership = members.find(connection, normalize_id(organization_id), user.id)
    if membership is None:
        raise ValueError(
            "active_organization_id must be the id of an organization that the user is a member of."
        )
    return membership


def _session(
    user: StoredUser,
    device: Device,
    *,
    lifetime: timedelta,
    organization: Optional[OrganizationMember] = None,
    actor_user_id: Optional[str] = None,
) -> Session:
    start = now()
    return Session(
        id=new_id(),
        user_id=user.id,
        environment_id=user.environment_id,
        created_at=start,
        expires_at=start + lifetime,
        last_used_at=start,
        user_agent=device.user_agent,
        ip_address=device.ip_address,
        active_organization_id=None if organization is None else organization.organization_id,
        impersonated_by=actor_user_id,
    )
