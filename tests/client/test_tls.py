"""Certificates: those of the session and of the environment count, and nothing else is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path
from ssl import CERT_REQUIRED, PROTOCOL_TLS_SERVER, SSLContext

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from torii_backend import ToriiConnectionError
from torii_backend.client import ToriiClient

from .conftest import KEY, Connect
from .records import USER_ID
from .server import ApiServer, as_json


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, and its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
def context(certificate: Path) -> SSLContext:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def tls(context: SSLContext) -> Iterator[ApiServer]:
    """An API behind that certificate."""
    server = ApiServer(context)
    server.respond_with(as_json({"origins": []}))
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_that_nobody_trusts_is_refused(tls: ApiServer, method: str, connect: Connect) -> None:
    torii = connect(tls.url, max_retries=0)
    with pytest.raises(ToriiConnectionError) as caught:
        torii.request(method, "/things")
    assert str(caught.value) == "The certificate of Torii's API is not trusted."
    assert tls.requests == []


def test_one_that_the_environment_trusts(
    tls: ApiServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with ToriiClient(KEY, api_url=tls.url) as torii:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")  # it is looked up once
        assert torii.allowed_origins.get().origins == ()


def test_one_that_the_session_trusts(tls: ApiServer, certificate: Path) -> None:
    with requests.Session() as session:
        session.verify = str(certificate)
        with ToriiClient(KEY, api_url=tls.url, session=session) as torii:
            assert torii.allowed_origins.get().origins == ()


def test_the_session_may_show_one_of_its_own(
    tls: ApiServer, certificate: Path, context: SSLContext, connect: Connect
) -> None:
    context.verify_mode = CERT_REQUIRED
    context.load_verify_locations(certificate)
    with requests.Session() as session:
        session.verify = str(certificate)
        session.cert = str(certificate)
        with ToriiClient(KEY, api_url=tls.url, session=session) as torii:
            assert torii.allowed_origins.get().origins == ()
        session.close()
        session.cert = None
        torii = connect(tls.url, session=session, max_retries=0)
        with pytest.raises(ToriiConnectionError):
            torii.users.get(USER_ID)
