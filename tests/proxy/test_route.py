"""Certificates and outbound proxies of the environment, read when a proxy is made (27)."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from tests.support.certificate import write_certificate
from torii_backend import ConfigurationError
from torii_backend.proxy.route import Route
from torii_backend.proxy.settings import ProxySettings
from torii_backend.wsgi import ToriiProxy

from .apps import bare_wsgi

ACME = "https://acme.torii.so"
VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "SSL_CERT_DIR", "TORII_INSECURE_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxy_of(upstream: str) -> Optional[str]:
    proxy = Route(ProxySettings(upstream=upstream)).proxy
    return None if proxy is None else f"{bytes(proxy.url).decode()} {dict(proxy.headers)}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128/ {}"),
        ("proxy.example:3128", "http://proxy.example:3128/ {}"),
        ("https://proxy.example", "https://proxy.example/ {}"),
        (
            "http://ada:hunter%402@10.0.0.1:3128/",
            "http://10.0.0.1:3128/ {b'Proxy-Authorization': b'Basic YWRhOmh1bnRlckAy'}",
        ),
        ("", None),
    ],
)
@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_the_environment_names_a_proxy(
    name: str, address: str, expected: Optional[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    assert proxy_of(ACME) == expected
    # As for keys: nobody else is asked for these.
    assert proxy_of("https://127.0.0.1:4000") is None
    assert proxy_of("http://localhost:4000") is None


@pytest.mark.parametrize(
    ("no_proxy", "is_asked"),
    [
        ("torii.so", False),
        (".torii.so", False),
        ("acme.torii.so:8443", False),
        ("*", False),
        ("acme.torii.so:443", True),
        ("other.example", True),
    ],
)
def test_the_environment_names_hosts_without_proxy(
    no_proxy: str, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_of(f"{ACME}:8443") is not None) is is_asked


@pytest.mark.parametrize(
    "address",
    [
        "socks5://ada:hunter2@proxy.example",
        "http://",
        "http://ada:hunter2@b\xfc.example",
        "http://x:99999",
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_configuration_error(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY must be a URL") as error:
        ToriiProxy(bare_wsgi, issuer=ACME)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", VARIABLES)
def test_certificates_that_cannot_be_read_are_a_configuration_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.pem").write_bytes(b"")
    for file in ("missing.pem", "empty.pem"):
        monkeypatch.setenv(name, str(tmp_path / file))
        with pytest.raises(ConfigurationError, match="must be a file of certificates"):
            ToriiProxy(bare_wsgi, issuer=ACME)
        # There is nothing to verify.
        assert ToriiProxy(bare_wsgi, upstream="http://127.0.0.1:4000")


@pytest.mark.parametrize("name", VARIABLES)
def test_certificates_come_from_the_environment(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_certificate(tmp_path / "own.pem")
    for place, count in ((tmp_path / "own.pem", 1), (tmp_path, 0)):
        monkeypatch.setenv(name, str(place))
        context = Route(ProxySettings(issuer=ACME)).tls
        assert context is not None
        assert len(context.get_ca_certs()) == count
