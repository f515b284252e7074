"""Whom an access token is about: the standard claims that a user, or a stranger, gets. Pure."""

from __future__ import annotations

from typing import Any, Optional

from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.store.users import StoredUser

Claims = dict[str, Any]


def claims_for_unknown_user(user_id: str, environment_id: str) -> Claims:
    """Give the claims of a user whom the emulator does not know, but of whom a test needs a token."""
    return {
        "sub": user_id,
        "pid": environment_id,
        "email_verified": True,
        "profile_complete": True,
        "locale": "en",
    }


def claims_for_user(
    user: StoredUser,
    *,
    membership: Optional[OrganizationMember] = None,
    actor_user_id: Optional[str] = None,
) -> Claims:
    """Give the claims of a user as they are now.

    Args:
        user: the user.
        membership: in the organization that is active in the user's session.
        actor_user_id: who is acting as the user.
    """
    claims: Claims = {
        "sub": user.id,
        "pid": user.environment_id,
        "email_verified": user.email_verified_at is not None,
        "profile_complete": True,
    }
    if user.locale is not None:
        claims["locale"] = user.locale
    if membership is not None:
        claims.update(org_id=membership.organization_id, org_role=membership.role)
    if actor_user_id is not None:
        claims.update(act={"sub": actor_user_id}, impersonating=True)
    return claims
