"""The standard claims of an access token, for known and unknown users. Pure."""

from __future__ import annotations

from typing import Any, Optional

from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.store.users import StoredUser

Claims = dict[str, Any]


def claims_for_unknown_user(user_id: str, environment_id: str) -> Claims:
    """Return claims for a user id that only a test knows."""
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
    active_membership: Optional[OrganizationMember] = None,
    actor_user_id: Optional[str] = None,
) -> Claims:
    """Return claims that reflect the current record of a user."""
    claims: Claims = {
        "sub": user.id,
        "pid": user.environment_id,
        "email_verified": user.email_verified_at is not None,
        "profile_complete": True,
    }
    if user.locale is not None:
        claims["locale"] = user.locale
    if active_membership is not None:
        claims.update(org_id=active_membership.organization_id, org_role=active_membership.role)
    if actor_user_id is not None:
        claims.update(act={"sub": actor_user_id}, impersonating=True)
    return claims
