"""Sessions: the live sign-ins of one user."""

from __future__ import annotations

from torii_backend.client._transport.request import ApiRequest, describe
from torii_backend.client.dispatch import DispatchT, Resource, operation
from torii_backend.client.models import Session
from torii_backend.client.types import Id, Timeout


class Sessions(Resource[DispatchT]):
    """The sessions of users. Ending one stops new access tokens.

    Issued ones stay valid until they expire, unless the client has `revocations`. Then all access tokens
    of the user are refused, and the browsers of other sessions get new ones by themselves.
    """

    @operation
    def list_for_user(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[list[Session]]:
        """List the live sessions of a user, the most recently used first.

        Args:
            user_id: the user.
            timeout: seconds for this call.

        Returns:
            All sessions that have neither expired nor been revoked.
        """
        ids = {"user_id": user_id}
        return describe(
            "GET", "/users/{user_id}/sessions", ids, into=list[Session], timeout=timeout
        )

    @operation
    def revoke(self, user_id: Id, session_id: Id, *, timeout: Timeout = None) -> ApiRequest[None]:
        """End one session. It does nothing if the session has already ended.

        Args:
            user_id: the user.
            session_id: the session.
            timeout: seconds for this call.
        """
        return describe(
            "DELETE",
            "/users/{user_id}/sessions/{session_id}",
            {"user_id": user_id, "session_id": session_id},
            into=type(None),
            timeout=timeout,
            revokes=user_id,
        )

    @operation
    def revoke_all_for_user(self, user_id: Id, *, timeout: Timeout = None) -> ApiRequest[None]:
        """End every session of a user. It does nothing if there are none.

        Args:
            user_id: the user.
            timeout: seconds for this call.
        """
        return describe(
            "DELETE",
            "/users/{user_id}/sessions",
            {"user_id": user_id},
            into=type(None),
            timeout=timeout,
            revokes=user_id,
        )
