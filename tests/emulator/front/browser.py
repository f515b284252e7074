"""A front-end in a browser: it keeps cookies as a browser does, and speaks plain HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Optional

from tests.emulator.conftest import Response, Wire

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

PASSWORD = "correct horse"
SESSION = "__client_session"
HINT = "__client_session_hint"
REFRESH = "/_torii/auth/session/refresh"


class Browser:
    """One browser with a cookie jar. `token` is the access token that its page holds."""

    def __init__(self, torii: Emulator) -> None:
        self.torii = torii
        self.wire = Wire(torii.api_url)
        self.cookies: dict[str, str] = {}
        self.token: Optional[str] = None

    def send(
        self, method: str, path: str, document: Any = None, headers: Optional[dict[str, str]] = None
    ) -> Response:
        """Send a request with the cookies, and keep those of the response."""
        sent = dict(headers or {})
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            sent.setdefault("Cookie", "; ".join(pairs))
        if document is not None:
            sent.setdefault("Content-Type", "application/json")
        body = None if document is None else json.dumps(document)
        response = self.wire.send(method, path, body, sent)
        for header in response.headers.get_all("Set-Cookie", []):
            self._keep(header)
        return response

    def call(self, method: str, path: str, document: Any = None) -> Response:
        """Send a request with the access token."""
        return self.send(method, path, document, {"Authorization": f"Bearer {self.token}"})

    def ok(self, response: Response, status: int = 200) -> Any:
        """Return the document of a response, which must have this status."""
        assert response.status == status, response
        return response.json()

    def client(self) -> Any:
        return self.ok(self.send("GET", "/_torii/client"))

    def login(self, email: str, password: str = PASSWORD) -> Response:
        response = self.send("POST", "/_torii/auth/login", {"email": email, "password": password})
        self._hold(response)
        return response

    def refresh(self) -> Response:
        response = self.send("POST", REFRESH)
        self._hold(response)
        return response

    def sign_up(self, email: str, password: str = PASSWORD, **more: Any) -> Any:
        """Start a sign-up. Return what the page gets."""
        body = {"email": email, "password": password, **more}
        return self.ok(self.send("POST", "/_torii/auth/signup", body))

    def verify(self, started: Any, code: Optional[str] = None) -> Response:
        """Send the code of a sign-up, by default that of the last message."""
        if code is None:
            code = self.torii.mailbox()[-1].code
        body = {"token": started["token"], "code": code}
        response = self.send("POST", "/_torii/auth/signup/verify-email", body)
        self._hold(response)
        return response

    def signed_up(self, email: str) -> Any:
        """Sign up. Return the user as the client shows them."""
        self.ok(self.verify(self.sign_up(email)))
        return self.client()["user"]

    def claims(self) -> dict[str, Any]:
        """Return the claims of the access token, which must verify."""
        assert self.token is not None
        return self.wire.verified(self.token)

    def _hold(self, response: Response) -> None:
        if response.status == 200:
            self.token = response.json()["accessToken"]

    def _keep(self, header: str) -> None:
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def error_code(response: Response, status: int) -> str:
    """Return the code of an error in the emulator's envelope."""
    assert response.status == status, response
    assert response.message
    return str(response.json()["error"]["code"])
