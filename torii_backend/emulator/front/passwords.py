"""Forgotten passwords, which a mailed code resets, and changed ones."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.code_error import code_error
from torii_backend.emulator.front.frontend import Frontend, private, read_json
from torii_backend.emulator.front.shapes import (
    CHANGE_PASSWORD,
    FORGOT_PASSWORD,
    RESET_PASSWORD,
    ChangePasswordRequest,
    ForgotPasswordRequest,
    ResetPasswordRequest,
)
from torii_backend.emulator.responses import RequestError, json_response
from torii_backend.emulator.rest.sessions import end_all_sessions
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import codes, passwords, users


class Passwords:
    """The endpoints of passwords."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("POST", FORGOT_PASSWORD, self._forgot),
            private("POST", RESET_PASSWORD, self._reset),
            private("POST", CHANGE_PASSWORD, self._change),
        ]

    def _forgot(self, request: Request) -> Response:
        """Mail a code. The response is the same for everyone, so it tells nobody who has an account."""
        email = read_json(request, ForgotPasswordRequest).email
        with self._frontend.transaction() as context:
            user = users.find_by_email(context.connection, context.environment_id, email)
            if user is not None and user.email is not None and user.status == "active":
                code = codes.issue(context.connection, _name(user.id), {}, context.now)
                context.mail(user.email, "password_reset", code=code)
        return json_response({})

    def _reset(self, request: Request) -> Response:
        body = read_json(request, ResetPasswordRequest)
        hashed = _hashed("password", body.password)
        with self._frontend.transaction() as context:
            user = users.find_by_email(context.connection, context.environment_id, body.email)
            name = "" if user is None or user.status != "active" else _name(user.id)
            state = codes.check(context.connection, name, body.code, context.now).state
            if state == "right" and user is not None:
                passwords.put(context.connection, user.id, hashed)
                end_all_sessions(context, user)
        if state != "right":
            raise code_error(state)
        return json_response({})

    def _change(self, request: Request) -> Response:
        body = read_json(request, ChangePasswordRequest)
        hashed = _hashed("newPassword", body.new_password)
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            previous = passwords.find(context.connection, caller.user.id)
        # Not a 401: a front-end would refresh its access token and try again.
        if not passwords.is_password(previous, body.current_password):
            raise _wrong_password()
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            if passwords.find(context.connection, caller.user.id) != previous:
                raise _wrong_password()
            passwords.put(context.connection, caller.user.id, hashed)
            end_all_sessions(context, caller.user, but=caller.session)
        return json_response({})


def _hashed(field: str, password: str) -> str:
    problem = passwords.password_problem(password)
    if problem is not None:
        raise RequestError(400, "invalid_request", f"{field} {problem}")
    return passwords.hash_password(password)


def _name(user_id: str) -> str:
    return f"password_reset:{user_id}"


def _wrong_password() -> RequestError:
    return RequestError(403, "wrong_password", "currentPassword must be the user's password.")
