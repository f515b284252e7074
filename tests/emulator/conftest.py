"""Fixtures: a running emulator, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPMessage
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

import jwt
import pytest

from torii_backend.emulator import Emulator

WATCHDOG = 30


class Response(NamedTuple):
    """One HTTP response, read to its end."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of an error in the emulator's envelope, and nothing beside it."""
        document = self.json()
        assert list(document) == ["error"]
        assert sorted(document["error"]) == ["code", "message"]
        return str(document["error"]["message"])


class Wire:
    """A client of one origin, independent of torii_backend; a new connection each time."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        assert parts.hostname is not None and parts.port is not None
        self.address = (parts.hostname, parts.port)

    def send(
        self, method: str, path: str, body: Any = None, headers: Optional[dict[str, str]] = None
    ) -> Response:
        connection = HTTPConnection(*self.address, timeout=WATCHDOG)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Response:
        return self.send("GET", path)

    def post(self, path: str, document: Any = None) -> Response:
        return self.send("POST", path, None if document is None else json.dumps(document))

    def raw(self, head: str) -> socket.socket:
        """Connect and send some bytes as they are; the caller reads and closes."""
        connection = socket.create_connection(self.address, timeout=WATCHDOG)
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        return connection

    def jwks(self) -> Any:
        return self.get("/_torii/.well-known/jwks.json").json()

    def kids(self) -> list[str]:
        return [key["kid"] for key in self.jwks()["keys"]]

    def verified(self, token: str) -> dict[str, Any]:
        """Verify a signature with PyJWT and the served JWKS alone. Return the claims."""
        keys = jwt.PyJWKSet.from_dict(self.jwks())
        key = keys[jwt.get_unverified_header(token)["kid"]].key
        claims: dict[str, Any] = json.loads(jwt.PyJWS().decode(token, key, algorithms=["ES256"]))
        return claims


@pytest.fixture(autouse=True)
def _no_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORII_SECRET_KEY", raising=False)


@pytest.fixture
def torii() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def wire(torii: Emulator) -> Wire:
    return Wire(torii.issuer)
