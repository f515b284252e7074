"""SignIn: issue access tokens and start sessions for users of the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from sqlite3 import Connection
from typing import Any, NamedTuple, Optional

from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.claims import claims_for_unknown_user, claims_for_user
from torii_backend.emulator.ids import is_id, new_id, normalize_id
from torii_backend.emulator.store import (
    environments,
    impersonations,
    members,
    session_tokens,
    sessions,
    users,
)
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.sessions import StoredSession
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.templates import Template
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tokens import (
    DEFAULT_EXPIRES_IN,
    IssuedToken,
    require_claims,
    require_user_id,
)
from torii_backend.emulator.validation import is_email

# Of the template whose claims go on every token of a known user.
DEFAULT_TEMPLATE = "default"
_SESSION_LIFETIME = timedelta(days=7)
_IMPERSONATION_LIFETIME = timedelta(hours=1)


class Device(NamedTuple):
    """What a request tells about the user's device."""

    user_agent: Optional[str]
    ip_address: Optional[str]


class OpenedSession(NamedTuple):
    """A new session, the token by which its browser refreshes it, and its first access token."""

    session: StoredSession
    session_token: str
    issued: IssuedToken


class Redeemed(NamedTuple):
    """The session for an impersonation token, and the page that a browser goes to next."""

    opened: OpenedSession
    landing_page: Optional[str]


class SignIn:
    """Sign users in. `environment_id` is the claim `pid` of unknown users.

    `secure_cookies` is whether cookies of sessions have the attributes that need https. The issuer
    alone decides: anyone can write what a request says of its scheme, such as `X-Forwarded-Proto`.
    """

    def __init__(
        self,
        tenant: Tenant,
        database: Database,
        environment_id: str,
        templates: Optional[Mapping[str, Template]] = None,
    ) -> None:
        self.secure_cookies: bool = tenant.issuer.startswith("https://")
        self._tenant = tenant
        self._database = database
        self._environment_id = environment_id
        self._templates = templates or {}

    def issue_token(
        self, user_id: str, *, claims: Optional[Mapping[str, Any]], expires_in: int
    ) -> IssuedToken:
        """Issue an access token without a session."""
        user = self._find_active_user(require_user_id(user_id))
        if user is None:
            subject = claims_for_unknown_user(user_id, self._environment_id)
            return self._tenant.sign(subject, claims=claims, expires_in=expires_in)
        return self._sign(user, None, claims=claims, expires_in=expires_in)

    def start_session(
        self,
        user_id: str,
        *,
        active_organization_id: Optional[str],
        device: Device,
        claims: Optional[Mapping[str, Any]] = None,
    ) -> OpenedSession:
        """Start a session of seven days. Raise ValueError if the user can't have it.

        All its tokens have these claims, besides their own.
        """
        claims = dict(require_claims(claims))
        with self._database.transaction() as connection:
            user = _find(connection, user_id)
            if user is None:
                raise ValueError("user_id must be the id of an existing user.")
            membership = _membership(connection, _require_active(user), active_organization_id)
            return self.open_session(
                connection, user, device, organization=membership, claims=claims
            )

    def open_session(
        self,
        connection: Connection,
        user: StoredUser,
        device: Device,
        *,
        organization: Optional[OrganizationMember] = None,
        claims: Optional[dict[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
        actor_user_id: Optional[str] = None,
    ) -> OpenedSession:
        """Start a session of an active user within a transaction. An impersonated one lasts an hour.

        All its tokens live for `expires_in` seconds.
        """
        lifetime = _SESSION_LIFETIME if actor_user_id is None else _IMPERSONATION_LIFETIME
        start = now()
        session = StoredSession(
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
            claims=claims or {},
            expires_in=expires_in,
        )
        sessions.add(connection, session)
        issued = self.issue_for_session(connection, session, user)
        return OpenedSession(session, session_tokens.issue(connection, session.id), issued)

    def issue_for_session(
        self,
        connection: Connection,
        session: StoredSession,
        user: StoredUser,
        *,
        template: str = DEFAULT_TEMPLATE,
    ) -> IssuedToken:
        """Issue another access token of a live session, from the user's record of now.

        The claims of a named template take the place of those of the default one.
        """
        issued = self._sign(
            user,
            _active_membership(connection, user, session.active_organization_id),
            template=template,
            actor_user_id=session.impersonated_by,
            claims=session.claims,
            expires_in=session.expires_in,
        )
        session_tokens.remember_access_token(connection, issued, session.id, now())
        return issued

    def issue_without_session(
        self,
        connection: Connection,
        user: StoredUser,
        *,
        template: str,
        active_organization_id: Optional[str],
    ) -> IssuedToken:
        """Issue an access token with the claims of a template, for whom has a token of no session."""
        membership = _active_membership(connection, user, active_organization_id)
        return self._sign(user, membership, template=template)

    def has_template(self, name: str) -> bool:
        """Return whether there is a JWT template of this name."""
        return name in self._templates

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
            opened = self.open_session(connection, user, device, actor_user_id=actor.id)
        return Redeemed(opened, impersonation.landing_page)

    def _sign(
        self,
        user: StoredUser,
        membership: Optional[OrganizationMember],
        *,
        template: str = DEFAULT_TEMPLATE,
        actor_user_id: Optional[str] = None,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Sign a token of a known user."""
        subject = claims_for_user(user, active_membership=membership, actor_user_id=actor_user_id)
        if template in self._templates:
            subject.update(self._templates[template].claims(user))
        return self._tenant.sign(subject, claims=claims, expires_in=expires_in)

    def _find_active_user(self, user_id: str) -> Optional[StoredUser]:
        if not (is_id(user_id) or is_email(user_id)) or self._database.closed:
            return None
        with self._database.transaction() as connection:
            user = _find(connection, user_id)
        return None if user is None else _require_active(user)


def _find(connection: Connection, user_id: str) -> Optional[StoredUser]:
    """Return a user of either environment by id or email address."""
    if not is_email(user_id):
        return users.find(connection, normalize_id(user_id))
    for environment in environments.find_all(connection):
        user = users.find_by_email(connection, environment.environment_id, user_id)
        if user is not None:
            return user
    raise ValueError(
        "user_id must be the id or the email address of a user. No user has this address."
    )


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


def _active_membership(
    connection: Connection, user: StoredUser, organization_id: Optional[str]
) -> Optional[OrganizationMember]:
    """Return the membership in the active organization. None if the user has left it."""
    return None if organization_id is None else members.find(connection, organization_id, user.id)
