"""DNS rebinding: a request that names another host than the emulator's is refused."""

from __future__ import annotations

from typing import Any

import pytest

from torii_backend.emulator import Emulator
from torii_backend.errors import ConfigurationError

from .conftest import Wire

JWKS = "/_torii/.well-known/jwks.json"
PATHS = [JWKS, "/api/server/v1/users/1", "/_emulator/tokens", "/elsewhere"]
FOREIGN = [
    "evil.example",
    "evil.example:4100",
    "localhost.evil.example",
    "xlocalhost",
    "127.0.0.1.x.io",
]
REMOTE = ["192.0.2.1", "[2001:db8::1]:80", "torii:4100", "torii.test", "host.docker.internal"]
MALFORMED = [
    "",
    "[",
    "ä",
    "localhost,localhost",
    "localhost@evil.example",
    "local host",
    "[::1]x",
    ":1",
]


def _statuses(wire: Wire, *hosts: str) -> set[int]:
    return {wire.send("GET", JWKS, headers={"Host": host}).status for host in hosts}


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_is_refused_everywhere(wire: Wire, path: str) -> None:
    response = wire.send("GET", path, headers={"Host": "evil.example"})
    assert response.status == 403
    assert b"The Host header must name the emulator, such as 127.0.0.1:4100." in response.body


def test_only_loopback_names_and_addresses_are_served(wire: Wire) -> None:
    own = [
        "localhost",
        "LOCALHOST:80",
        "localhost.",
        "127.0.0.1",
        "127.9.9.9:1",
        "[::1]:4100",
        "a.b.localhost",
    ]
    assert _statuses(wire, *own) == {200}
    assert _statuses(wire, *FOREIGN, *REMOTE) == {403}
    assert _statuses(wire, *MALFORMED) == {400}


@pytest.mark.parametrize(
    "hosts", ["", "Host: localhost\nHost: localhost\n", "Host: localhost\nHost: x\n"]
)
def test_there_must_be_one_host_header(wire: Wire, hosts: str) -> None:
    with wire.raw(f"GET {JWKS} HTTP/1.1\n{hosts}Connection: close\n\n") as connection:
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 BAD REQUEST\r\n"


def test_http_1_0_needs_no_host_header(wire: Wire) -> None:
    with wire.raw(f"GET {JWKS} HTTP/1.0\n\n") as connection:
        assert connection.makefile("rb").readline().endswith(b" 200 OK\r\n")


def test_the_host_of_an_absolute_target_counts(wire: Wire) -> None:
    head = f"GET http://evil.example{JWKS} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
    with wire.raw(head) as connection:
        assert connection.makefile("rb").readline() == b"HTTP/1.1 403 FORBIDDEN\r\n"


def test_the_host_of_the_issuer_is_served() -> None:
    with Emulator(issuer="https://torii.example.com") as torii:
        wire = Wire(torii.api_url)
        assert _statuses(wire, "torii.example.com", "TORII.example.com:443", "localhost") == {200}
        assert _statuses(wire, "x.torii.example.com", "example.com", *REMOTE) == {403}


def test_only_the_names_in_allow_remote_are_served() -> None:
    names = ["Demo.example.com", "192.0.2.7", "2001:db8::7", "torii."]
    with Emulator(host="0.0.0.0", allow_remote=names) as torii:  # noqa: S104
        wire = Wire(torii.issuer)
        own = ["demo.example.com:4100", "192.0.2.7", "[2001:db8::7]:80", "torii", "localhost"]
        assert _statuses(wire, *own) == {200}
        assert _statuses(wire, "evil.example", "192.0.2.8", "[2001:db8::8]", "torii.test") == {403}


@pytest.mark.parametrize(
    "names", ["http://torii", "torii:4100", "a b", "", "*.example.com", [""], ["a", 1], 1, None]
)
def test_an_allow_remote_without_a_host_name_is_rejected(names: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^allow_remote must be True, or a host name "):
        Emulator(allow_remote=names)


def test_an_emulator_for_other_machines_serves_addresses_and_private_names() -> None:
    with Emulator(host="0.0.0.0", allow_remote=True) as torii:  # noqa: S104
        wire = Wire(torii.issuer)
        assert _statuses(wire, *REMOTE, "localhost", "127.0.0.1", "10.0.0.1") == {200}
        assert _statuses(wire, "evil.example", "torii.so", "evil.example.") == {403}
