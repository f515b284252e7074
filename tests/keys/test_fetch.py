"""Fetching a key set over HTTP."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.certificate import tls_context, write_certificate
from tests.support.clock import Clock
from tests.support.issuer import SigningKey
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import KeysUnavailable, Verifier, __version__
from torii_backend._keys.fetch import FetchError, fetch
from torii_backend._keys.keystore import KeyStore


def test_the_request_names_the_package_and_carries_no_secrets(
    server: JwksServer,
    key: SigningKey,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.publish(key, headers=(("Set-Cookie", "session=1; Path=/"),))
    store = KeyStore(server.issuer, clock=clock)
    store.key("key-1")
    clock.advance(299)
    store.key("key-1")
    settle()
    assert len(server.requests) == 2
    for request in server.requests:
        assert request.headers["User-Agent"] == f"torii-backend/{__version__}"
        assert request.headers["Accept"] == "application/json"
        assert request.headers["Authorization"] is None
        assert request.headers["Cookie"] is None


def test_fetch_returns_the_body_and_headers_in_any_case(server: JwksServer) -> None:
    server.respond_with(Response(b"anything", headers=(("Cache-Control", "max-age=61"),)))
    body, headers = fetch(server.issuer, 5.0)
    assert body == b"anything"
    assert headers["cache-control"] == "max-age=61"


def test_a_body_over_512_kib_is_an_error(server: JwksServer) -> None:
    server.respond_with(Response(b"x" * 512 * 1024))
    assert len(fetch(server.issuer, 5.0)[0]) == 512 * 1024
    server.respond_with(Response(b"x" * (512 * 1024 + 1)))
    with pytest.raises(FetchError, match="512 KiB"):
        fetch(server.issuer, 5.0)


def test_an_error_never_contains_the_url(server: JwksServer) -> None:
    server.respond_with(Response(b"", 500))
    address = server.issuer
    errors = []
    for _ in range(2):
        with pytest.raises(FetchError) as caught:
            fetch(address + "/secret-path", 5.0)
        errors.append(str(caught.value))
        server.stop()
    assert "500" in errors[0]
    for text in errors:
        assert "127.0.0.1" not in text
        assert "secret-path" not in text


def test_a_response_after_the_deadline_is_an_error(server: JwksServer) -> None:
    """Each chunk arrives in time, but all of them together do not."""

    def chunks() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(100):
            time.sleep(0.02)
            yield b"1\r\n \r\n"
        yield b"0\r\n\r\n"

    server.respond_with(Response(raw=chunks()))
    with pytest.raises(FetchError):
        fetch(server.issuer, 0.2)


def drip(head: bytes, sent: list[bytes]) -> Iterator[bytes]:
    """Yield a head and then one byte at a time, for longer than the deadline."""
    yield head
    until = time.monotonic() + 5
    while time.monotonic() < until:
        time.sleep(0.02)
        sent.append(b" ")
        yield b" "
    sent.append(b"end")


@pytest.mark.waits
@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.0 200 OK\r\nX: ", b"HTTP/1.0 200 OK\r\n\r\n"]
    + [b"HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n"],
)
def test_a_dripping_response_is_cut_off(server: JwksServer, head: bytes) -> None:
    """Otherwise one server could hold a thread for hours."""
    sent: list[bytes] = []
    server.respond_with(Response(raw=drip(head, sent)))
    with pytest.raises(FetchError):
        fetch(server.issuer, 0.5)
    assert b"end" not in sent


def test_bytes_that_are_not_http_make_the_keys_unavailable(
    server: JwksServer, clock: Clock
) -> None:
    server.respond_with(Response(raw=[b"\0" * 70_000]))
    with pytest.raises(KeysUnavailable):
        KeyStore(server.issuer, clock=clock).key("key-1")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "certificate.pem")


@pytest.fixture
def tls_server(certificate: Path, key: SigningKey) -> Iterator[JwksServer]:
    server = JwksServer(key, tls=tls_context(certificate))
    try:
        yield server
    finally:
        server.stop()
        settle()


def test_an_untrusted_certificate_is_rejected(tls_server: JwksServer, clock: Clock) -> None:
    with pytest.raises(KeysUnavailable):
        KeyStore(tls_server.issuer, clock=clock).key("key-1")
    assert tls_server.requests == []


def test_a_certificate_from_requests_ca_bundle_is_accepted(
    tls_server: JwksServer,
    key: SigningKey,
    clock: Clock,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert KeyStore(tls_server.issuer, clock=clock).key("key-1").point == key.point


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_loopback_is_never_asked_by_a_proxy_of_the_environment(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    verifier = Verifier(server.issuer)
    with requests.Session() as session:
        Verifier(server.issuer, session=session).warm()
        verifier.warm()
        session.proxies["http"] = "http://127.0.0.1:1"
        with pytest.raises(KeysUnavailable):
            Verifier(server.issuer, session=session).warm()


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.usefixtures("_torii_on_loopback")
def test_neither_is_an_insecure_host(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy could replace the keys on their way, and may not know the name."""
    issuer = server.issuer.replace("127.0.0.1", "torii")
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    Verifier(issuer, insecure_hosts="torii").warm()
    assert server.requests[0].headers["Host"] == issuer[len("http://") :]
    with requests.Session() as session:
        Verifier(issuer, session=session, insecure_hosts="torii").warm()
        session.proxies["http"] = "http://127.0.0.1:1"
        with pytest.raises(KeysUnavailable):
            Verifier(issuer, session=session, insecure_hosts="torii").warm()


@pytest.mark.usefixtures("_torii_on_loopback")
def test_no_redirect_leads_from_or_to_an_insecure_host(server: JwksServer) -> None:
    issuer = server.issuer.replace("127.0.0.1", "torii")
    for target in (f"{issuer}/keys", f"{server.issuer}/keys"):
        server.respond_with(Response(status=302, headers=(("Location", target),)))
        with pytest.raises(FetchError, match="302"):
            fetch(issuer, 5.0)
    assert len(server.requests) == 2


def test_a_proxy_from_the_environment_is_used(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.issuer)
    server.respond_with(Response(status=403))
    with pytest.raises(FetchError):
        fetch("https://tenant.test/path", 5.0)
    assert [request.path for request in server.requests] == ["tenant.test:443"]


@pytest.mark.waits
@pytest.mark.parametrize("phase", ["head", "body"])
def test_a_dripping_tls_response_is_cut_off(
    tls_server: JwksServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    sent: list[bytes] = []
    head = b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if phase == "body" else b"X: ")
    tls_server.respond_with(Response(raw=drip(head, sent)))
    with pytest.raises(FetchError):
        fetch(tls_server.issuer, 0.5)
    assert b"end" not in sent
