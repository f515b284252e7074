"""Impersonation: one-time tokens for acting as a user."""

from __future__ import annotations

from msgspec import UNSET

from torii_backend.client._transport.request import ApiRequest, describe, require_id
from torii_backend.client.dispatch import DispatchT, Resource, operation
from torii_backend.client.inputs import CreateImpersonationToken
from torii_backend.client.models import ImpersonationToken
from torii_backend.client.types import Id, NullableInt, NullableStr, Timeout


class Impersonation(Resource[DispatchT]):
    """Acting as a user, for support and debugging."""

    @operation
    def create_token(
        self,
        user_id: Id,
        *,
        actor_user_id: Id,
        reason: str,
        redirect_url: NullableStr = UNSET,
        expires_in_seconds: NullableInt = UNSET,
        timeout: Timeout = None,
    ) -> ApiRequest[ImpersonationToken]:
        """Issue a token that signs its bearer in as a user, once.

        Args:
            user_id: the user to act as.
            actor_user_id: the user who will act; of the same environment.
            reason: why, for the audit log; 500 characters at most.
            redirect_url: where the link leads; its origin must be allowed.
            expires_in_seconds: the lifetime, from 60 to 600 seconds; 600 by default.
            timeout: seconds for this call.

        Returns:
            The token, and a link for a browser if a landing page is known. `PaymentRequired` if the
            plan lacks the feature or its quota is used up.
        """
        wanted = CreateImpersonationToken(
            actor_user_id=require_id(actor_user_id, "actor_user_id"),
            reason=reason,
            redirect_url=redirect_url,
            expires_in_seconds=expires_in_seconds,
        )
        return describe(
            "POST",
            "/users/{user_id}/impersonation-token",
            {"user_id": user_id},
            into=ImpersonationToken,
            body=wanted,
            timeout=timeout,
        )
