"""The key set, the clock, and what the issuer says about itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.certificate import tls_context, write_certificate
from tests.support.issuer import SigningKey, jwks
from tests.support.jwks_server import Response
from torii_backend.emulator import Emulator

from .conftest import DISCOVERY, JWKS, NOWHERE, Diagnose, Host
from .proxy import Proxy

ENVIRONMENT = "/_torii/environment"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hunter2", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"error": "hunter2"}', "not a JWK set"),
        (jwks({"kty": "RSA"}), "no usable ES256 key"),
    ],
)
def test_no_usable_key(diagnose: Diagnose, host: Host, body: bytes, words: str) -> None:
    host.pages[JWKS] = Response(body)
    found = diagnose()
    assert found.has("failed", "keys.usable", words)
    assert found.has("unknown", "keys.cache", "because keys.usable failed")
    assert found.has("ok", "clock.offset")


def test_keys_that_must_not_be_cached(diagnose: Diagnose, host: Host) -> None:
    keys = jwks(SigningKey(), SigningKey("key-2"))
    host.pages[JWKS] = Response(keys, headers=(("Cache-Control", "private, no-store"),))
    found = diagnose()
    assert found.has("warning", "keys.cache", "every 60 s")
    assert found.has("ok", "keys.usable", "2 usable keys")


def test_keys_that_come_slowly(
    diagnose: Diagnose, torii: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", torii.issuer)
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", "20")
    torii.outage("slow")
    assert diagnose(seconds=60).has("warning", "keys.time", "to respond")


def _at(date: str, *more: str) -> Response:
    body = jwks(SigningKey())
    lines = ["HTTP/1.0 200 OK", f"Content-Length: {len(body)}", f"Date: {date}", *more, "", ""]
    return Response(raw=["\r\n".join(lines).encode() + body])


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (600, "failed", "behind"),
        (-600, "failed", "ahead of"),
        (24, "warning", "behind"),
        (-24, "warning", "ahead of"),
        (0, "ok", "agrees"),
    ],
)
def test_the_clock(diagnose: Diagnose, host: Host, ahead: int, status: str, words: str) -> None:
    host.pages[JWKS] = _at(formatdate(time.time() + ahead, usegmt=True))
    assert diagnose().has(status, "clock.offset", words)


def test_a_response_from_a_cache_is_older(diagnose: Diagnose, host: Host) -> None:
    host.pages[JWKS] = _at(formatdate(time.time() - 600, usegmt=True), "Age: 600")
    assert diagnose().has("ok", "clock.offset")
    host.pages[JWKS] = _at("yesterday")
    assert diagnose().has("unknown", "clock.offset", "no usable Date")


@pytest.mark.parametrize(
    ("theirs", "shown"),
    [
        ("https://auth.acme.com", "https://auth.acme.com"),
        ("https://ada:hunter2@auth.acme.com", "something else"),
        ("hunter2", "something else"),
    ],
)
def test_another_issuer_in_the_discovery_document(
    diagnose: Diagnose, host: Host, theirs: str, shown: str
) -> None:
    host.publish_json(DISCOVERY, {"issuer": theirs})
    assert diagnose().has("failed", "discovery.issuer", f"calls itself {shown},")


def test_the_issuer_under_another_name_of_loopback(diagnose: Diagnose, host: Host) -> None:
    local = host.issuer.replace("127.0.0.1", "localhost")
    host.publish_json(DISCOVERY, {"issuer": local, "jwks_uri": f"{local}{JWKS}"})
    found = diagnose()
    assert found.has("ok", "discovery.issuer")
    assert found.has("ok", "discovery.keys")


def test_keys_at_another_url(diagnose: Diagnose, host: Host) -> None:
    document = {"issuer": f"{host.issuer}/", "jwks_uri": f"{host.issuer}/keys"}
    host.publish_json(DISCOVERY, document)
    found = diagnose()
    assert found.has("ok", "discovery.issuer")
    assert found.has("warning", "discovery.keys", "another URL")


def test_no_discovery_document(diagnose: Diagnose, host: Host) -> None:
    host.pages[DISCOVERY] = Response(b"<html>")
    assert diagnose().has("unknown", "discovery.issuer", "no discovery document")


@pytest.fixture
def tenant(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """The tenant host https://acme.test, which a proxy has on loopback."""
    server = Host(tls=tls_context(write_certificate(certificate)))
    with Proxy(urlsplit(server.issuer).port or 0) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setenv("TORII_ISSUER", "https://acme.test")
        monkeypatch.setenv("TORII_API_URL", "https://acme.test")
        yield server
    server.stop()


@pytest.mark.parametrize(
    ("kind", "key", "status", "words"),
    [
        ("PRODUCTION", "sk_test_hunter2", "failed", "is production"),
        ("SANDBOX", "sk_live_hunter2", "failed", "is a sandbox"),
        ("PRODUCTION", "sk_live_hunter2", "ok", ""),
        ("SANDBOX", "sk_test_hunter2", "ok", ""),
        (None, "sk_test_hunter2", "unknown", "does not say"),
    ],
)
def test_the_key_of_another_environment(
    diagnose: Diagnose,
    tenant: Host,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    key: str,
    status: str,
    words: str,
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", key)
    tenant.publish_json(ENVIRONMENT, {"type": kind})
    found = diagnose()
    assert found.has(status, "issuer.environment", words)
    assert found.has("ok", "settings.live_key")


def test_an_emulator_has_no_environment(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert diagnose().has("unknown", "issuer.environment", "no usable secret key")
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_1")
    monkeypatch.setenv("TORII_API_URL", NOWHERE)
    assert diagnose().has("unknown", "issuer.environment", "is an emulator")
    assert ENVIRONMENT not in {request.path for request in host.requests}
