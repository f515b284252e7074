"""SignIn: the ways in which users of the emulator come to an access token and a session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from sqlite3 import Connection
from typing import Any, NamedTuple, Optional

from torii_backend.client.models import OrganizationMember, Session
from torii_backend.emulator.claims import claims_for_unknown_user, claims_for_user
from torii_backend.emulator.ids import is_id, new_id, normalize_id
from torii_backend.emulator.store import impersonations, members, sessions, users
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tokens import IssuedToken, require_user_id

_SESSION = timedelta(days=7)
_IMPERSONATED_SESSION = timedelta(hours=1)


class Device(NamedTuple):
    """Where a user signs in from.

    Attributes:
        user_agent: the header of that name.
        ip_address: the address of the client.
    """

    user_agent: Optional[str]
    ip_address: Optional[str]


class Redeemed(NamedTuple):
    """What an impersonation token was spent for.

    Attributes:
        issued: the access token.
        landing_page: where a browser goes next; None where there is no such page.
    """

    issued: IssuedToken
    landing_page: Optional[str]


class SignIn:
    """Signs users in.

    Args:
        tenant: who signs the tokens.
        database: where the users and their sessions are.
        environment_id: the claim `pid` for users who are in no database.
    """

    def __init__(self, tenant: Tenant, database: Database, environment_id: str) -> None:
        self._tenant = tenant
        self._database = database
        self._environment_id = environment_id

    def issue_token(
        self, user_id: str, *, claims: Optional[Mapping[str, Any]], expires_in: int
    ) -> IssuedToken:
        """Sign an access token without a session; see `Emulator.issue_token`."""
        user = self._user_if_known(require_user_id(user_id))
        subject = (
            claims_for_unknown_user(user_id, self._environment_id)
            if user is None
            else claims_for_user(user)
        )
        return self._tenant.sign(subject, claims=claims, expires_in=expires_in)

    def start_session(
        self, user_id: str, *, active_organization_id: Optional[str], device: Device
    ) -> tuple[Session, IssuedToken]:
        """Start a session of seven days.

        Args:
            user_id: who signs in.
            active_organization_id: the organization that is selected from the start.
            device: where the user signs in from.

        Raises:
            ValueError: nobody who may sign in has the id, or the user is no member of the
                organization.
        """
        with self._database.transaction() as connection:
            user = users.find(connection, normalize_id(user_id))
            if user is None:
                raise ValueError("user_id must be the id of a user.")
            membership = _membership(connection, _active(user), active_organization_id)
            session = _session(user, device, lifetime=_SESSION, organization=membership)
            sessions.add(connection, session)
        return session, self._tenant.sign(claims_for_user(user, membership=membership))

    def redeem(self, token: str, device: Device) -> Optional[Redeemed]:
        """Spend an impersonation token for a session of an hour.

        Returns:
            What it was spent for; None where it is unknown, spent or expired, or where the user
            or the actor may not sign in any more.
        """
        with self._database.transaction() as connection:
            impersonation = impersonations.redeem(connection, token, now())
            if impersonation is None:
                return None
            user = users.find(connection, impersonation.user_id)
            actor = users.find(connection, impersonation.actor_user_id)
            if user is None or actor is None or {user.status, actor.status} != {"active"}:
                return None
            session = _session(user, device, lifetime=_IMPERSONATED_SESSION, actor_user_id=actor.id)
            sessions.add(connection, session)
        issued = self._tenant.sign(claims_for_user(user, actor_user_id=actor.id))
        return Redeemed(issued, impersonation.landing_page)

    def _user_if_known(self, user_id: str) -> Optional[StoredUser]:
        if not is_id(user_id) or self._database.closed:
            return None
        with self._database.transaction() as connection:
            user = users.find(connection, normalize_id(user_id))
        return None if user is None else _active(user)


def _active(user: StoredUser) -> StoredUser:
    if user.status != "active":
        raise ValueError(f"user_id must not be that of a {user.status} user.")
    return user


def _membership(
    connection: Connection, user: StoredUser, organization_id: Optional[str]
) -> Optional[OrganizationMember]:
    if organization_id is None:
        return None
    membership = members.find(connection, normalize_id(organization_id), user.id)
    if membership is None:
        raise ValueError("active_organization_id must be an organization of the user.")
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
