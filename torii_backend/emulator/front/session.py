"""The session of a front-end: refresh, logout, and tokens of JWT templates."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.frontend import Frontend, private, token_response
from torii_backend.emulator.front.session_cookie import clear_session_cookies, sent_session_tokens
from torii_backend.emulator.front.shapes import LOGOUT, TEMPLATE_PARAMETER, TEMPLATE_TOKEN
from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import session_tokens, sessions


class SessionEndpoints:
    """The endpoints of the session. `refresh_path` is where access tokens are renewed."""

    def __init__(self, frontend: Frontend, refresh_path: str) -> None:
        self._frontend = frontend
        self._refresh_path = refresh_path

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("POST", self._refresh_path, self._refresh),
            private("POST", LOGOUT, self._logout),
            private("POST", TEMPLATE_TOKEN, self._template_token),
        ]

    def _refresh(self, request: Request) -> Response:
        with self._frontend.transaction() as context:
            current = self._frontend.current(context, request)
            if current is None:
                raise RequestError(401, "session_ended", "There is no session, or it is over.")
            session = sessions.change(context.connection, current.session, last_used_at=context.now)
            issued = self._frontend.sign_in.issue_for_session(
                context.connection, session, current.user
            )
        return token_response(issued)

    def _logout(self, request: Request) -> Response:
        known = False
        with self._frontend.transaction() as context:
            current = self._frontend.current(context, request)
            if current is not None:
                sessions.revoke(context.connection, current.user.id, current.session.id)
                context.publish("session.revoked", current.session)
            for token in sent_session_tokens(request):
                known = known or session_tokens.session_of(context.connection, token) is not None
        response = Response(status=204)
        # The cookies of another emulator on this host stay as they are.
        if known:
            clear_session_cookies(response, secure=self._frontend.sign_in.secure_cookies)
        return response

    def _template_token(self, request: Request) -> Response:
        """Issue a token for a third party, with the claims of a template."""
        name = request.args.get(TEMPLATE_PARAMETER, "")
        sign_in = self._frontend.sign_in
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            if not sign_in.has_template(name):
                raise RequestError(404, "template_not_found", "There is no such JWT template.")
            if caller.session is not None:
                issued = sign_in.issue_for_session(
                    context.connection, caller.session, caller.user, template=name
                )
            else:
                issued = sign_in.issue_without_session(
                    context.connection,
                    caller.user,
                    template=name,
                    active_organization_id=caller.organization_id,
                )
        return token_response(issued)
