"""The sessions of a user."""

from __future__ import annotations

from typing import Optional

from werkzeug.wrappers import Response

from torii_backend.client.models import Session
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem
from torii_backend.emulator.rest.request_context import RequestContext, require_not_deleted
from torii_backend.emulator.store import sessions
from torii_backend.emulator.store.users import StoredUser


def list_sessions(context: RequestContext, user_id: str) -> Response:
    """List the active sessions of a user, latest use first."""
    user = context.user_or_403(user_id)
    return json_response(sessions.live(context.connection, user.id, context.now))


def revoke_all_sessions(context: RequestContext, user_id: str) -> Response:
    """Revoke all sessions of a user."""
    user = require_not_deleted(context.user_or_403(user_id))
    end_all_sessions(context, user)
    return Response(status=204)


def revoke_session(context: RequestContext, user_id: str, session_id: str) -> Response:
    """Revoke a session of a user. Revoking it again succeeds."""
    user = require_not_deleted(context.user_or_403(user_id))
    live = sessions.live(context.connection, user.id, context.now)
    if not sessions.revoke(context.connection, user.id, session_id):
        raise Problem(403, "forbidden", "This user has no session with this id.")
    for session in live:
        if session.id == session_id:
            context.publish("session.revoked", session)
    return Response(status=204)


def end_all_sessions(
    context: RequestContext, user: StoredUser, *, but: Optional[Session] = None
) -> None:
    """Revoke all sessions of a user but one, with an event for each."""
    for session in sessions.live(context.connection, user.id, context.now):
        if but is None or session.id != but.id:
            context.publish("session.revoked", session)
            sessions.revoke(context.connection, user.id, session.id)


OPERATIONS = [
    Operation("GET", "/users/{user_id}/sessions", list_sessions),
    Operation("DELETE", "/users/{user_id}/sessions", revoke_all_sessions),
    Operation("DELETE", "/users/{user_id}/sessions/{session_id}", revoke_session),
]
