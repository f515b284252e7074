"""`torii token`: a token of a running emulator."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.shell import PYTHON, elsewhere
from tests.emulator.conftest import WATCHDOG
from tests.ports import free_port
from tests.support.fixtures import _torii_on_loopback  # noqa: F401 (a fixture)
from tests.support.jwks_server import JwksServer, Response
from torii_backend import Auth, InvalidToken, Verifier, create_torii_client
from torii_backend.cli import token
from torii_backend.cli.main import main
from torii_backend.emulator import Emulator

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _issuer_in_environment(torii: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", torii.issuer)


def _printed(capfd: Capture, *arguments: str) -> str:
    assert main(["token", *arguments]) == 0
    output, errors = capfd.readouterr()
    assert errors == ""
    (line,) = output.splitlines()
    return line


def _auth(capfd: Capture, torii: Emulator, *arguments: str) -> Auth:
    return Verifier(torii.issuer).verify(_printed(capfd, *arguments))


def test_it_prints_a_token_and_nothing_else(torii: Emulator, capfd: Capture) -> None:
    auth = _auth(capfd, torii, "ada")
    assert (auth.user_id, auth.organization_id, auth.organization_role) == ("ada", None, None)
    assert _auth(capfd, torii).user_id


def test_a_user_by_email_address(torii: Emulator, capfd: Capture) -> None:
    with create_torii_client(torii.secret_key, api_url=torii.api_url) as client:
        ada = client.users.create(email="ada@example.com")
    assert _auth(capfd, torii, "Ada@Example.com").user_id == ada.id


@pytest.mark.parametrize(
    ("arguments", "organization_id", "role"),
    [
        (["--role", "admin"], "org_test", "admin"),
        (["--organization", "org_1"], "org_1", None),
        (["--role", "admin", "--organization", "org_1"], "org_1", "admin"),
        (["--role", "admin", "--claim", "org_id=org_2"], "org_2", "admin"),
    ],
)
def test_organization_and_role(
    torii: Emulator, capfd: Capture, arguments: list[str], organization_id: str, role: str
) -> None:
    auth = _auth(capfd, torii, "ada", *arguments)
    assert (auth.organization_id, auth.organization_role) == (organization_id, role)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("pro", "pro"),
        ("5", 5),
        ("true", True),
        ('"5"', "5"),
        ('["a"]', ("a",)),
        ("", ""),
        ("a=b", "a=b"),
        ("NaN", "NaN"),
        ("æ", "æ"),
    ],
)
def test_the_value_of_a_claim_is_json_or_else_text(
    torii: Emulator, capfd: Capture, given: str, value: Any
) -> None:
    assert _auth(capfd, torii, "--claim", f"plan={given}").claims["plan"] == value


def test_the_lifetime(torii: Emulator, capfd: Capture) -> None:
    auth = _auth(capfd, torii, "--expires-in", "60")
    assert 50 < auth.expires_at.timestamp() - time.time() <= 60
    with pytest.raises(InvalidToken, match="expired"):
        _auth(capfd, torii, "--expires-in", "-60")


def test_the_header_and_json(torii: Emulator, capfd: Capture) -> None:
    name, _, token = _printed(capfd, "--header").partition(": Bearer ")
    assert name == "Authorization"
    document = json.loads(_printed(capfd, "--json"))
    assert document.keys() == {"access_token", "expires_at"}
    for each in (token, document["access_token"]):
        Verifier(torii.issuer).verify(each)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--claim", "plan"], "--claim must be a name and a value, such as plan=pro."),
        (["--claim", "=pro"], "--claim must be a name and a value, such as plan=pro."),
        ([""], "The emulator rejected this: userId must not be empty, such as 'user_ada'."),
        (
            ["ada@example.com"],
            (
                "The emulator rejected this: userId must be the id or the email address of a user. "
                "No user has this address."
            ),
        ),
    ],
)
def test_wrong_arguments_are_one_sentence(
    capfd: Capture, arguments: list[str], sentence: str
) -> None:
    assert main(["token", *arguments]) == 2
    assert capfd.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("https://acme.torii.so", "must be a local emulator"),
        ("https://127.0.0.1:4100", "must be a local emulator"),
        ("http://192.0.2.1:4100", "must use https"),
        ("http://127.0.0.1:{port}", "Start one: torii emulator"),
    ],
)
def test_where_no_emulator_is(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, issuer: str, words: str
) -> None:
    monkeypatch.setenv("TORII_ISSUER", issuer.format(port=free_port()))
    assert main(["token"]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert words in errors
    assert len(errors.splitlines()) == 1


def test_the_local_one_of_several_issuers(
    torii: Emulator, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"https://acme.torii.so,{torii.issuer}")
    assert _auth(capfd, torii).issuer == torii.issuer


@pytest.mark.usefixtures("_torii_on_loopback")
def test_an_emulator_on_a_listed_insecure_host(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.delenv("TORII_SECRET_KEY", raising=False)
    with Emulator(allow_remote=True) as torii:
        monkeypatch.setenv("TORII_ISSUER", torii.issuer.replace("127.0.0.1", "torii"))
        assert main(["token"]) == 2
        assert "TORII_INSECURE_HOSTS" in capfd.readouterr().err
        monkeypatch.setenv("TORII_INSECURE_HOSTS", "torii")
        assert main(["token", "ada"]) == 0
        assert Verifier(torii.issuer).verify(capfd.readouterr().out.strip()).user_id == "ada"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b'"x"',
        b"[" * 100_000,
        b" " * 1_100_000 + b"{}",
        b'{"accessToken": "a.b.c\\r\\nX-Role: admin", "expiresAt": "2026"}',
        b'{"accessToken": "a.b.c", "expiresAt": "\\u001b[2J"}',
        b'{"accessToken": 5, "expiresAt": 5}',
        b'{"error": {"message": "\\u001b[2J"}}',
        b'{"error": {"message": 5}}',
    ],
)
@pytest.mark.parametrize("status", [200, 501])
def test_another_server_is_told_from_an_emulator(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, body: bytes, status: int
) -> None:
    server = JwksServer()
    try:
        server.respond_with(Response(body, status))
        monkeypatch.setenv("TORII_ISSUER", server.issuer)
        assert main(["token"]) == 2
    finally:
        server.stop()
    assert "doesn't respond like one" in capfd.readouterr().err


def test_a_server_that_drips_does_not_hold_the_command(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    def drips() -> Iterator[bytes]:
        yield b"HTTP/1.0 200 OK\r\n\r\n"
        while not server.hung_up.wait(0.05):
            yield b" "

    server = JwksServer()
    try:
        server.respond_with(Response(raw=drips()))
        monkeypatch.setenv("TORII_ISSUER", server.issuer)
        monkeypatch.setattr(token, "_SECONDS", 0.5)
        assert main(["token"]) == 2
    finally:
        server.hung_up.set()
        server.stop()
    assert "doesn't respond like one" in capfd.readouterr().err


def test_a_list_of_issuers_with_blanks(
    torii: Emulator, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f" , {torii.issuer} ,")
    assert _auth(capfd, torii).issuer == torii.issuer


def test_it_imports_no_slow_package() -> None:
    program = """
import sys
from torii_backend.cli.main import main
main(["token", "ada"])
print(*{"requests", "urllib3", "werkzeug", "msgspec", "cryptography", "asyncio"} & sys.modules.keys())
"""
    command = [*PYTHON, "-c", program]
    run = subprocess.run(
        command, **elsewhere(), capture_output=True, check=True, text=True, timeout=WATCHDOG
    )
    assert run.stdout.splitlines()[1:] == [""]
