"""Certificates and proxies of the environment, alike for both drivers (4, 27)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.messages import Request
from tests.adapters.transport import call_wsgi
from tests.cli.doctor.proxy import Proxy
from tests.support.certificate import tls_context, write_certificate
from torii_backend.wsgi import ToriiProxy

from .apps import bare_wsgi
from .conftest import RigOf
from .rig import Rig
from .running import RUNNING
from .upstream import Upstream, running_upstream


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "certificate.pem")


@pytest.fixture
def upstream(certificate: Path) -> Iterator[Upstream]:
    """An upstream with TLS, whose certificate nobody trusts yet."""
    with running_upstream(tls=tls_context(certificate)) as upstream:
        yield upstream


@pytest.fixture(params=list(RUNNING))
def rig(request: pytest.FixtureRequest, rig_of: RigOf) -> Rig:
    return rig_of(request.param)


def test_a_certificate_that_is_not_trusted_is_502(rig: Rig) -> None:
    assert rig.ask().status == 502
    assert rig.upstream.requests == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_names_a_ca(
    rig: Rig, certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(certificate))
    assert rig.ask().status == 200
    assert rig.ask(method=b"POST", body=b"{}").status == 200
    assert rig.upstream.accepted == 1


def test_a_certificate_for_another_name_is_502(
    rig: Rig, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    other = f"https://localhost:{rig.upstream.port}"
    assert rig.ask(upstream=other).status == 502
    assert rig.upstream.requests == []


def test_a_proxy_of_the_environment_connects(
    rig: Rig, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Proxy(rig.upstream.port) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.address}")
        assert rig.ask(upstream="https://acme.test").status == 200
    assert rig.upstream.only.values(b"host") == [b"acme.test"]
    assert rig.upstream.only.target == b"/_torii/client"


def test_a_proxy_that_refuses_is_502(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://ada:hunter2@{proxy.address}")
        response = rig.ask(upstream="https://refused.test")
    assert response.status == 502
    assert b"hunter2" not in response.body


def test_no_proxy_is_asked_for_loopback_or_what_no_proxy_names(
    rig: Rig, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert rig.ask().status == 200
    monkeypatch.setenv("no_proxy", "direct.test")
    # It has no address, but the proxy isn't asked for one.
    assert rig.ask(upstream="https://direct.test").status == 502
    assert len(rig.upstream.requests) == 1


def test_a_context_of_your_own(certificate: Path, upstream: Upstream) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    proxy = ToriiProxy(bare_wsgi, upstream=upstream.url, ssl_context=context)
    assert call_wsgi(proxy, Request("/_torii/client")).status == 200


def test_handshakes_are_not_made_for_each_request(
    rig: Rig, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for _ in range(20):
        assert rig.ask().status == 200
    assert rig.upstream.accepted == 1
