"""The user's own profile and sessions."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import UpdateUser
from torii_backend.emulator.front.frontend import Frontend, private, read_json
from torii_backend.emulator.front.records import front_user, own_session
from torii_backend.emulator.front.shapes import ME, MY_SESSION, MY_SESSIONS, ProfileRequest
from torii_backend.emulator.responses import RequestError, json_response
from torii_backend.emulator.rest.users import change_user
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import sessions


class Profile:
    """The endpoints below `/_torii/users/me`."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("PATCH", ME, self._change),
            private("GET", MY_SESSIONS, self._sessions),
            private("DELETE", MY_SESSION, self._revoke),
        ]

    def _change(self, request: Request) -> Response:
        body = read_json(request, ProfileRequest)
        given: dict[str, Any] = {
            name: value
            for name in body.__struct_fields__
            if (value := getattr(body, name)) is not UNSET
        }
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            user = change_user(context, caller.user, UpdateUser(**given))
        return json_response(front_user(user))

    def _sessions(self, request: Request) -> Response:
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            live = sessions.live(context.connection, caller.user.id, context.now)
        current = None if caller.session is None else caller.session.id
        return json_response([own_session(each, current=each.id == current) for each in live])

    def _revoke(self, request: Request, session_id: str) -> Response:
        """End a session. Cookies stay, also those of this one."""
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            session = sessions.find_live(context.connection, session_id, context.now)
            if session is None or session.user_id != caller.user.id:
                raise RequestError(404, "session_not_found", "Session not found.")
            sessions.revoke(context.connection, caller.user.id, session.id)
            context.publish("session.revoked", session)
        return Response(status=204)
