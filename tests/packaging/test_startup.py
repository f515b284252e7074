"""A process that only verifies tokens pays for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import torii_backend
from torii_backend.emulator import Emulator

NOT_NEEDED = {
    "asgiref",
    "asyncio",
    "django",
    "fastapi",
    "flask",
    "jwt",
    "redis",
    "requests",
    "sqlite3",
    "starlette",
    "urllib3",
    "werkzeug",
}
NOT_NEEDED_OF_OURS = {"cli", "client", "emulator", "events", "testing"}

IMPORTED = """
import sys
import torii_backend
torii_backend.verify_token
print(*sys.modules)
"""

EMULATED = """
import sys
from torii_backend.emulator import Emulator
with Emulator() as torii:
    torii.issue_token()
    torii.reset()
print(*sys.modules)
"""

REFUSED = """
import sys
from torii_backend import InvalidToken, verify_token
try:
    verify_token("not.a.token", issuer="https://acme.torii.so")
except InvalidToken:
    print(*sys.modules)
"""

RECEIVED = """
import sys
from torii_backend import Events, InvalidWebhook, verify_webhook
secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
Events(secret)
try:
    verify_webhook(secret=secret, headers={}, payload=b"")
except InvalidWebhook:
    print(*sys.modules)
"""

VERIFIED = """
import sys
from torii_backend import Revocations, Verifier
issuer, jwks, token = sys.argv[1:]
verifier = Verifier(
    issuer, fetch=lambda url, timeout: (jwks.encode(), {}), revocations=Revocations()
)
assert verifier.verify(token).issuer == issuer
print(*sys.modules)
"""


def _loaded(tmp_path: Path, program: str, *arguments: str) -> set[str]:
    """Run a program in a fresh interpreter; gives the modules that it names."""
    # Away from the checkout, so that it imports what this process imports.
    home = Path(torii_backend.__file__).parents[1]
    printed = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(printed.split())


def _not_needed(modules: set[str]) -> set[str]:
    foreign = {module for module in modules if module.partition(".")[0] in NOT_NEEDED}
    ours = {f"torii_backend.{name}" for name in NOT_NEEDED_OF_OURS}
    return foreign | (modules & ours)


def test_importing_the_package_loads_none_of_it(tmp_path: Path) -> None:
    modules = _loaded(tmp_path, "import sys, torii_backend; print(*sys.modules)")
    assert {module for module in modules if module.startswith("torii_backend.")} == set()


@pytest.mark.parametrize("program", [IMPORTED, REFUSED], ids=["imported", "refused"])
def test_verify_token_loads_no_framework_and_no_http_library(tmp_path: Path, program: str) -> None:
    modules = _loaded(tmp_path, program)
    assert "torii_backend._verify.verifier" in modules
    assert _not_needed(modules) == set()


def test_a_webhook_loads_neither_a_framework_nor_cryptography(tmp_path: Path) -> None:
    modules = _loaded(tmp_path, RECEIVED)
    assert _not_needed(modules) == {"torii_backend.events"}
    assert "cryptography" not in modules


def test_an_emulator_loads_no_http_client(tmp_path: Path) -> None:
    modules = _loaded(tmp_path, EMULATED)
    assert (
        modules & {"asyncio", "jwt", "requests", "torii_backend.client.client", "urllib3"} == set()
    )


def test_verifying_with_known_keys_loads_no_http_library(tmp_path: Path) -> None:
    with Emulator() as torii:
        jwks = requests.get(f"{torii.issuer}/_torii/.well-known/jwks.json", timeout=10).text
        token = torii.issue_token().access_token
        assert _not_needed(_loaded(tmp_path, VERIFIED, torii.issuer, jwks, token)) == set()
