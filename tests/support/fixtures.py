"""Fixtures of the core's tests: an issuer, a clock, and a tenant host on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from torii_backend import Verifier
from torii_backend._keys import fetcher, keystore
from torii_backend._keys.process_limits import ProcessLimits
from torii_backend._verify.verifier_pool import forget_verifiers

from .clock import Clock
from .issuer import Issuer, SigningKey
from .jwks_server import JwksServer, settle


@pytest.fixture(autouse=True)
def _no_shared_verifiers() -> Iterator[None]:
    """Empty the pool, because a later test may get the same port with other keys."""
    yield
    forget_verifiers()


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does: a fetch that hangs in another test takes no thread away here."""
    limits = ProcessLimits()
    for module in (fetcher, keystore):
        monkeypatch.setattr(module, "LIMITS", limits)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORII_ISSUER", "TORII_INSECURE_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.fixture
def _torii_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve the name `torii`, as the DNS of a container does, to this machine."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "torii" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock) -> Verifier:
    """A Verifier with this issuer and this clock."""
    return Verifier(issuer.url, fetch=issuer.fetch, clock=clock)


@pytest.fixture
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture
def server(key: SigningKey) -> Iterator[JwksServer]:
    """A tenant host that publishes `key`."""
    server = JwksServer(key)
    try:
        yield server
    finally:
        server.stop()
        settle()
