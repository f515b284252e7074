"""A tenant host whose pages a test decides, and the findings about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from ssl import SSLContext
from typing import Any, Callable, Optional
from weakref import WeakValueDictionary

import pytest

from tests.support.issuer import SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response
from torii_backend._keys import fetcher
from torii_backend._verify.verifier_pool import forget_verifiers
from torii_backend.cli.doctor.checks import run_checks
from torii_backend.cli.doctor.finding import Finding

JWKS = "/_torii/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
# Nothing listens there.
NOWHERE = "http://127.0.0.1:1"

Diagnose = Callable[..., "Diagnosis"]


class Diagnosis(dict[str, Finding]):
    """Findings by their id."""

    def has(self, status: str, check: str, words: str = "") -> bool:
        """Return whether a check has this status and these words; show it if not."""
        found = self[check]
        assert (found.status, words in found.sentence) == (status, True), found
        assert (found.remedy != "") == (status in {"warning", "failed"}), found
        return True


class Host(JwksServer):
    """A tenant host with a page a path; others are 404."""

    def __init__(self, *, tls: Optional[SSLContext] = None) -> None:
        self.pages: dict[str, Response] = {JWKS: Response(jwks(SigningKey()))}
        super().__init__(tls=tls)

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        self.respond_with(self.pages.get(handler.path, Response(b"{}", 404)))
        super().respond(handler)

    def publish_json(self, path: str, document: Any) -> None:
        self.pages[path] = Response(json.dumps(document).encode())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure nothing, and keep every request on this machine."""
    for name in ("ISSUER", "SECRET_KEY", "API_URL", "FETCH_TIMEOUT"):
        monkeypatch.delenv(f"TORII_{name}", raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", NOWHERE)


@pytest.fixture(autouse=True)
def _no_guards_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does: the doctor finds the issuers of all guards there are."""
    forget_verifiers()
    monkeypatch.setattr(fetcher, "_fetchers", WeakValueDictionary())


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A tenant host on loopback, which TORII_ISSUER names."""
    server = Host()
    monkeypatch.setenv("TORII_ISSUER", server.issuer)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def diagnose() -> Diagnose:
    """Run the checks. Secrets are in none of the findings."""

    def run(load: Optional[Callable[[], Any]] = None, **options: Any) -> Diagnosis:
        findings = run_checks(load, **options)
        found = Diagnosis((finding.id, finding) for finding in findings)
        assert "hunter2" not in repr(findings)
        return found

    return run


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return tmp_path / "certificate.pem"
