"""Web pages: those of this machine may control the emulator, all others may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Wire

POSTS = [
    "/_emulator/tokens",
    "/_emulator/sessions",
    "/_emulator/organizations",
    "/_emulator/members",
    "/_emulator/users/01970000-0000-7000-8000-000000000001/verify-email",
    "/_emulator/keys/rotate",
    "/_emulator/outage",
    "/_emulator/reset",
    "/%5Femulator/reset",
]


@pytest.mark.parametrize("path", POSTS)
def test_a_cross_origin_request_is_rejected(wire: Wire, path: str) -> None:
    response = wire.send("POST", path, "{}", {"Origin": "https://evil.example"})
    assert response.status == 403
    assert response.message.startswith("Cross-origin requests to the emulator are not allowed. ")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "localhost",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://evil.example#localhost",
        "http://192.0.2.1",
        "http://[::2]:3000",
        "http://[",
        "http://localhost,http://evil.example",
        "http://localhost:3000, http://evil.example",
    ],
)
def test_an_origin_that_is_not_loopback_is_rejected(wire: Wire, origin: str) -> None:
    before = wire.kids()
    response = wire.send("POST", "/_emulator/keys/rotate", None, {"Origin": origin})
    assert response.status == 403
    assert wire.kids() == before


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://localhost",
        "http://LOCALHOST:5173",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "capacitor://localhost",
    ],
)
def test_a_loopback_origin_is_allowed(wire: Wire, origin: str) -> None:
    assert wire.send("POST", "/_emulator/reset", None, {"Origin": origin}).status == 200


def test_other_endpoints_are_open_to_every_origin(wire: Wire) -> None:
    headers = {"Origin": "https://app.example"}
    assert wire.send("GET", "/_torii/.well-known/jwks.json", None, headers).status == 200
    assert wire.send("GET", "/api/server/v1/users", None, headers).status in {401, 405}
