"""Fixtures of the client's tests: an API on loopback and a client of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Callable

import pytest
import requests

from torii_backend.client import ToriiClient

from .server import ApiServer

KEY = "sk_test_0123456789abcdefghij"

Connect = Callable[..., ToriiClient]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "TORII_SECRET_KEY",
        "TORII_API_URL",
        "TORII_INSECURE_HOSTS",
        "NETRC",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torii_backend.client._transport.retry._FIRST_BACKOFF", 0.01)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """An API that responds as a test tells it; `{}` to begin with."""
    server = ApiServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def torii(server: ApiServer) -> Iterator[ToriiClient]:
    """A client of `server` that never retries."""
    with ToriiClient(KEY, api_url=server.url, max_retries=0) as client:
        yield client


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session of the user's."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def other() -> Iterator[ApiServer]:
    """A second server: a proxy, or where a redirect leads."""
    other = ApiServer()
    try:
        yield other
    finally:
        other.stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients, which are closed when the test is over."""
    with ExitStack() as stack:

        def connect(api_url: str, **settings: Any) -> ToriiClient:
            settings = {"secret_key": KEY, **settings}
            return stack.enter_context(ToriiClient(api_url=api_url, **settings))

        yield connect


@pytest.fixture
def nowhere() -> Iterator[str]:
    """The address of a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def patient(server: ApiServer) -> Iterator[ToriiClient]:
    """A client of `server` with the retries that it has by default."""
    with ToriiClient(KEY, api_url=server.url, timeout=5) as client:
        yield client
