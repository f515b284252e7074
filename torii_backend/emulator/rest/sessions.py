"""The sessions of a user."""

from __future__ import annotations

from werkzeug.wrappers import Response

from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.rest.call import Call, writable
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem
from torii_backend.emulator.store import sessions


def list_sessions(call: Call, user_id: str) -> Response:
    """List the live sessions of a user, latest use first."""
    user = call.reachable_user(user_id)
    return json_answer(sessions.live(call.connection, user.id, call.now))


def revoke_all_sessions(call: Call, user_id: str) -> Response:
    """End every session of a user."""
    user = writable(call.reachable_user(user_id))
    sessions.revoke_all(call.connection, user.id)
    return Response(status=204)


def revoke_session(call: Call, user_id: str, session_id: str) -> Response:
    """End one session of a user; one that ended before is no error."""
    user = writable(call.reachable_user(user_id))
    if not sessions.revoke(call.connection, user.id, session_id):
        raise Problem(
            403, "forbidden", "The secret key reaches no session of this user with this id."
        )
    return Response(status=204)


OPERATIONS = [
    Operation("GET", "/users/<id:user_id>/sessions", list_sessions),
    Operation("DELETE", "/users/<id:user_id>/sessions", revoke_all_sessions),
    Operation("DELETE", "/users/<id:user_id>/sessions/<id:session_id>", revoke_session),
]
