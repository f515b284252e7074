"""The REST API: whether it responds, and whether it accepts the key."""

from __future__ import annotations

import pytest

from tests.support.jwks_server import Response
from torii_backend.emulator import Emulator
from torii_backend.emulator.outage import OutageMode

from .conftest import NOWHERE, Diagnose, Host

ORIGINS = "/api/server/v1/allowed-origins"


@pytest.fixture
def _uses_emulator(torii: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_API_URL", torii.api_url)
    monkeypatch.setenv("TORII_ISSUER", torii.issuer)
    monkeypatch.setenv("TORII_SECRET_KEY", torii.secret_key)


@pytest.mark.usefixtures("_uses_emulator")
def test_all_is_well(diagnose: Diagnose) -> None:
    found = diagnose()
    assert found.has("ok", "api.reachable")
    assert found.has("ok", "api.key")
    assert {each.status for each in found.values()} == {"ok", "unknown"}


@pytest.mark.usefixtures("_uses_emulator")
def test_a_key_that_is_not_accepted(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_hunter2")
    found = diagnose()
    assert found.has("ok", "api.reachable")
    assert found.has("failed", "api.key", "does not accept")


@pytest.mark.usefixtures("_uses_emulator")
@pytest.mark.parametrize("mode", ["refuse", "error", "html"])
def test_an_outage(diagnose: Diagnose, torii: Emulator, mode: OutageMode) -> None:
    torii.outage(mode, target="rest_api")
    found = diagnose()
    assert found.has("failed", "api.reachable")
    assert found.has("unknown", "api.key", "because api.reachable failed")
    assert found.has("ok", "keys.usable")


def test_nothing_listens(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_API_URL", NOWHERE)
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_1")
    assert diagnose().has("failed", "api.reachable", "127.0.0.1:1: The connection")


@pytest.mark.parametrize(
    ("response", "check", "status", "words"),
    [
        (Response(b"<html>hunter2", 403), "api.reachable", "failed", "403, but not as Torii"),
        (Response(b"{}", 404), "api.reachable", "failed", "404, but not as Torii"),
        (Response(b"{}", 200), "api.reachable", "failed", "200, but not as Torii"),
        (Response(b'{"detail": "hunter2"}', 429), "api.key", "unknown", "429"),
        (Response(b'{"detail": "hunter2"}', 403), "api.key", "unknown", "403"),
    ],
)
def test_another_response(
    diagnose: Diagnose,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    response: Response,
    check: str,
    status: str,
    words: str,
) -> None:
    monkeypatch.setenv("TORII_API_URL", host.issuer)
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_1")
    host.pages[ORIGINS] = response
    assert diagnose().has(status, check, words)
