"""The way to the issuer: each step fails on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.certificate import tls_context, write_certificate
from tests.support.jwks_server import Response
from torii_backend.emulator import Emulator
from torii_backend.emulator.outage import OutageMode

from .conftest import JWKS, NOWHERE, Diagnose, Host
from .proxy import Proxy

# What every run reports of one issuer, after the step that failed.
LAST = "discovery.keys"


@pytest.fixture
def tls_host(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A tenant host with TLS, whose certificate is trusted."""
    server = Host(tls=tls_context(write_certificate(certificate)))
    monkeypatch.setenv("TORII_ISSUER", server.issuer)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    try:
        yield server
    finally:
        server.stop()


def test_a_good_way(diagnose: Diagnose, tls_host: Host) -> None:
    found = diagnose()
    assert found.has("ok", "issuer.ca_bundle", "REQUESTS_CA_BUNDLE")
    assert found.has("ok", "issuer.tls", urlsplit(tls_host.issuer).netloc)
    assert found.has("ok", "issuer.certificate", "expires on")
    assert found.has("ok", "issuer.json")


def test_a_ca_bundle_that_is_missing(
    diagnose: Diagnose, tls_host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("", "ascii")
    for name in ("missing.pem", "empty.pem"):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / name))
        found = diagnose()
        assert found.has("failed", "issuer.ca_bundle", "certificate file")
        assert found.has("unknown", "issuer.dns", "because issuer.ca_bundle failed")
    assert tls_host.requests == []


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        (NOWHERE, "can't be reached"),
        ("http://", "has no host"),
        ("http://[", "has no host"),
        ("socks9://127.0.0.1:1", "can't be used"),
    ],
)
def test_a_proxy_that_can_not_be_used(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    monkeypatch.setenv("TORII_ISSUER", "https://acme.test")
    monkeypatch.setenv("https_proxy", proxy.replace("//", "//ada:hunter2@"))
    found = diagnose()
    assert found.has("failed", "issuer.proxy", words)
    assert found.has("unknown", "issuer.dns", "because issuer.proxy failed")


def test_a_proxy_whose_password_has_a_slash(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", "https://acme.test")
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_" + "x" * 20)
    monkeypatch.setenv("https_proxy", "http://ada:hunter2/x@127.0.0.1:1")
    assert diagnose().has("failed", "api.reachable", "through the proxy 127.0.0.1:1")


def test_a_proxy_that_refuses(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", "https://acme.test")
    with Proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://ada:hunter2@{proxy.address}")
        found = diagnose()
    assert found.has("failed", "issuer.proxy", f"The proxy {proxy.address}: it refused")
    assert found.has("failed", "issuer.proxy", "407")
    assert "acme.test" in found["issuer.proxy"].remedy


def test_a_proxy_that_connects(
    diagnose: Diagnose, tls_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", "https://acme.test")
    with Proxy(urlsplit(tls_host.issuer).port or 0) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address)
        found = diagnose()
    assert found.has("ok", "issuer.proxy", f"through {proxy.address}")
    assert found.has("ok", "issuer.dns", "The proxy")
    assert found.has("ok", "keys.usable", "acme.test publishes one usable key")


def test_a_host_name_that_does_not_resolve(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    for label in ("torii", "x" * 64):
        monkeypatch.setenv("TORII_ISSUER", f"https://{label}.invalid")
        found = diagnose()
        assert found.has("failed", "issuer.dns", f"{label}.invalid: the host name")
        assert found.has("ok", "issuer.proxy", "no proxy")
        assert found.has("unknown", LAST, "because issuer.dns failed")


def test_a_port_where_nothing_listens(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", NOWHERE)
    found = diagnose()
    assert found.has("failed", "issuer.tcp", "refused")
    assert "torii emulator" in found["issuer.tcp"].remedy
    assert found.has("unknown", LAST, "because issuer.tcp failed")


def test_a_certificate_that_is_not_trusted(
    diagnose: Diagnose, tls_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    found = diagnose()
    assert found.has("failed", "issuer.tls", "not trusted (self")
    assert "REQUESTS_CA_BUNDLE" in found["issuer.tls"].remedy
    assert found.has("unknown", "issuer.certificate", "because issuer.tls failed")
    assert tls_host.requests == []


def test_a_certificate_of_another_host(
    diagnose: Diagnose, tls_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", tls_host.issuer.replace("127.0.0.1", "localhost"))
    assert diagnose().has("failed", "issuer.tls", "not trusted (Hostname mismatch")


@pytest.mark.parametrize(
    ("days", "status", "check"),
    [(-1, "failed", "issuer.tls"), (3, "warning", "issuer.certificate")],
)
def test_a_certificate_that_expires(
    diagnose: Diagnose,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    status: str,
    check: str,
) -> None:
    server = Host(tls=tls_context(write_certificate(certificate, days=days)))
    try:
        monkeypatch.setenv("TORII_ISSUER", server.issuer)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert diagnose().has(status, check, "expire")
    finally:
        server.stop()


def test_plain_http_behind_https(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", host.issuer.replace("http:", "https:"))
    assert diagnose().has("failed", "issuer.tls", "handshake")


@pytest.mark.parametrize(
    ("mode", "check", "words"),
    [
        ("refuse", "issuer.response", "closed early"),
        ("hang", "issuer.response", "within 0.5 seconds"),
        ("error", "issuer.status", "503"),
        ("html", "issuer.json", "web page"),
    ],
)
def test_an_outage_of_the_emulator(
    diagnose: Diagnose,
    torii: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    mode: OutageMode,
    check: str,
    words: str,
) -> None:
    monkeypatch.setenv("TORII_ISSUER", torii.issuer)
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", "0.5" if mode == "hang" else "20")
    torii.outage(mode)
    found = diagnose()
    assert found.has("failed", check, words)
    assert found.has("unknown", "keys.usable", f"because {check} failed")
    assert found.has("unknown", "discovery.issuer")


def test_a_redirect(diagnose: Diagnose, host: Host) -> None:
    location = ("Location", "https://ada:hunter2@auth.acme.test/hunter2")
    host.pages[JWKS] = Response(status=301, headers=(location,))
    assert diagnose().has("failed", "issuer.redirect", "to auth.acme.test,")


@pytest.mark.parametrize("host_name", ["evil\x1bc", "evil\xc2\x9b2J", "\xc3\xa9"])
def test_a_redirect_that_is_meant_to_confuse_a_terminal(
    diagnose: Diagnose, host: Host, host_name: str
) -> None:
    location = ("Location", f"https://{host_name}/")
    host.pages[JWKS] = Response(status=301, headers=(location,))
    found = diagnose()
    assert found.has("failed", "issuer.redirect", "the request for keys, and a Verifier")


@pytest.mark.parametrize("location", ["http://[", "\xff\xfe"])
def test_a_redirect_to_what_is_not_a_url(diagnose: Diagnose, host: Host, location: str) -> None:
    host.pages[JWKS] = Response(status=301, headers=(("Location", location),))
    assert diagnose().has("failed", "issuer.response", "can't be read")


@pytest.mark.parametrize(
    ("response", "words", "remedy"),
    [
        (Response(b"{}", 404), "404", "spelling"),
        (Response(b"<html>hunter2", 403), "403 and a web page", "firewall"),
        (Response(b"{}", 418), "418", "Wait"),
    ],
)
def test_another_status(
    diagnose: Diagnose, host: Host, response: Response, words: str, remedy: str
) -> None:
    host.pages[JWKS] = response
    found = diagnose()
    assert found.has("failed", "issuer.status", words)
    assert remedy in found["issuer.status"].remedy


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(b" <!doctype html>"), "web page"),
        (Response(b"x", headers=(("Content-Encoding", "br"),)), "compressed"),
        (Response(b"x" * (512 * 1024 + 1)), "512 KiB"),
    ],
)
def test_something_else_than_json(
    diagnose: Diagnose, host: Host, response: Response, words: str
) -> None:
    host.pages[JWKS] = response
    assert diagnose().has("failed", "issuer.json", words)
