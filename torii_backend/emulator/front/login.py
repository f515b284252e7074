"""Sign-in with email and password."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.frontend import Frontend, private, read_json
from torii_backend.emulator.front.shapes import LOGIN, LoginRequest
from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import passwords, users
from torii_backend.emulator.tenant_host import device_of


class Login:
    """The endpoint of the sign-in."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [private("POST", LOGIN, self._login)]

    def _login(self, request: Request) -> Response:
        body = read_json(request, LoginRequest)
        with self._frontend.transaction() as context:
            user = users.find_by_email(context.connection, context.environment_id, body.email)
            hashed = None if user is None else passwords.find(context.connection, user.id)
        # Hashing takes time, so others may use the database meanwhile. It takes as long without a user.
        if not passwords.is_password(hashed, body.password) or user is None:
            raise _wrong()
        with self._frontend.transaction() as context:
            user = users.find(context.connection, user.id)
            if user is None or passwords.find(context.connection, user.id) != hashed:
                raise _wrong()
            opened = self._frontend.open_session(context, user, device_of(request))
        return self._frontend.signed_in(request, opened)


def _wrong() -> RequestError:
    return RequestError(401, "invalid_credentials", "The email or the password is wrong.")
