"""`torii explain`: why a token is accepted or rejected, as the user reads it."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.ports import free_port
from tests.support.issuer import Issuer, SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend._verify.verifier_pool import forget_verifiers
from torii_backend.cli.main import main

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

Capture = pytest.CaptureFixture[str]
Explain = Callable[..., "tuple[int, str]"]


@pytest.fixture(autouse=True)
def _issuer(torii: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TORII_ISSUER", torii.issuer)
    yield
    settle()
    forget_verifiers()


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> Explain:
    """Run the command with a text on stdin. No part of a token may be printed."""

    def run(text: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        code = main(["explain", *arguments])
        output, errors = capfd.readouterr()
        assert errors == ""
        for segment in text.strip().rpartition(" ")[2].split("."):
            assert len(segment) < 20 or segment not in output
        return code, output

    return run


def _token(torii: Emulator, **options: Any) -> str:
    return torii.issue_token(user_id="user_ada", **options).access_token


def _outcomes(output: str) -> dict[str, str]:
    found = re.findall(
        r"^  (ok|failed|not reached|not checked) +(claim \w+|\w+)", output, re.MULTILINE
    )
    return {name: outcome for outcome, name in found}


def test_an_accepted_token(torii: Emulator, explained: Explain) -> None:
    claims = {"org_id": "org_1", "org_role": "admin", "email": "ada@example.com"}
    code, output = explained(_token(torii, claims=claims) + "\n")
    assert code == 0
    assert output.startswith("Accepted.\n")
    outcomes = _outcomes(output)
    assert set(outcomes.values()) == {"ok"}
    assert list(outcomes)[:3] == ["form", "header", "alg"]
    for shown in (
        f'iss           "{torii.issuer}"',
        'sub           "user_ada"',
        '"org_1"',
        '"admin"',
    ):
        assert shown in output
    assert "UTC, in 4 minutes" in output
    assert "agrees with the issuer's" in output
    assert "ada@example.com" not in output


def test_a_rejected_token(torii: Emulator, explained: Explain) -> None:
    code, output = explained(_token(torii, expires_in=-240))
    assert code == 1
    assert output.splitlines()[:2] == [
        "Rejected: expired. The access token has expired.",
        "Causes and remedies: docs/errors.md#expired",
    ]
    outcomes = _outcomes(output)
    assert (outcomes["exp"], outcomes["expiry"], outcomes["issue"]) == (
        "ok",
        "failed",
        "not reached",
    )
    assert "4 minutes ago" in output


def test_other_claims_are_shown_on_request(torii: Emulator, explained: Explain) -> None:
    token = _token(torii, claims={"email": "ada@example.com"})
    assert "ada@example.com" in explained(token, "--claims")[1]
    assert "ada@example.com" not in explained(token, "--json")[1]
    document = json.loads(explained(token, "--json", "--claims")[1])
    assert document["claims"]["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("arguments", "outcomes"),
    [
        (["--role", "admin", "--organization", "org_1", "--claim", "seats=5"], ["ok", "ok", "ok"]),
        (["--role", "owner", "--organization", "org_2"], ["failed", "failed"]),
        (["--claim", "seats=6", "--claim", "plan=pro"], ["failed", "failed"]),
    ],
)
def test_a_policy(
    torii: Emulator, explained: Explain, arguments: list[str], outcomes: list[str]
) -> None:
    token = _token(torii, claims={"org_id": "org_1", "org_role": "admin", "seats": 5})
    code, output = explained(token, *arguments)
    assert code == int("failed" in outcomes)
    assert list(_outcomes(output).values())[-len(outcomes) :] == outcomes
    assert output.startswith("Accepted, but" if code else "Accepted.\n")
    if "owner" in arguments:
        assert re.search(r'role +expected "owner"\n +got "admin"\n', output)
    expired = _token(torii, expires_in=-60)
    assert list(_outcomes(explained(expired, *arguments)[1]).values())[-1] == "not reached"


def test_json(torii: Emulator, explained: Explain) -> None:
    code, output = explained(_token(torii), "--json", "--role", "admin")
    document = json.loads(output)
    assert (code, document["accepted"], document["allowed"]) == (1, True, False)
    assert (document["reason"], document["signature_checked"]) == (None, True)
    assert document["keys_problem"] == ""
    assert abs(document["clock_offset"]) < 30
    assert document["rules"][0]["name"] == "form"
    role = {
        "name": "role",
        "outcome": "failed",
        "expected": '"admin"',
        "actual": "nothing",
        "hint": "",
    }
    assert document["policy"] == [role]
    assert list(document["token"]) == ["iss", "sub", "pid", "iat", "exp"]
    assert "claims" not in document


LOUD = "THE SIGNATURE WAS NOT CHECKED"


def test_offline_nothing_is_accepted(torii: Emulator, explained: Explain) -> None:
    token = _token(torii)
    torii.outage("refuse")
    code, output = explained(token, "--offline")
    assert code == 1
    assert output.startswith(f"{LOUD} (--offline). Anybody may have made this token.\n")
    outcomes = _outcomes(output)
    assert outcomes.pop("key") == outcomes.pop("signature") == "not checked"
    assert set(outcomes.values()) == {"ok"}
    document = json.loads(explained(token, "--offline", "--json")[1])
    assert (document["accepted"], document["signature_checked"]) == (False, False)


@pytest.mark.parametrize(("mode", "words"), [("error", "status 503"), ("refuse", "no usable")])
def test_without_keys_nothing_is_accepted(
    torii: Emulator, explained: Explain, mode: Any, words: str
) -> None:
    token = _token(torii)
    torii.outage(mode)
    code, output = explained(token)
    assert code == 1
    assert output.startswith(LOUD)
    assert words in output
    code, output = explained(_token(torii, expires_in=-60))
    assert output.startswith("Rejected: expired.")
    assert LOUD in output


def test_several_issuers_of_which_one_is_down(torii: Emulator, explained: Explain) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    code, output = explained(_token(torii), "--issuer", down, "--issuer", torii.issuer)
    assert code == 0, output
    assert LOUD not in output


def test_issuer_and_audience(torii: Emulator, explained: Explain) -> None:
    token = _token(torii, claims={"aud": "api"})
    assert explained(token, "--audience", "other", "--audience", "api")[0] == 0
    code, output = explained(token, "--audience", "other")
    assert (code, _outcomes(output)["aud"]) == (1, "failed")
    code, output = explained(token, "--issuer", "https://acme.torii.so", "--offline")
    assert (code, _outcomes(output)["iss"]) == (1, "failed")
    assert LOUD in output


@pytest.mark.parametrize(("ahead", "words"), [(90, "ahead of"), (-90, "behind")])
def test_the_clock_of_the_issuer(explained: Explain, ahead: int, words: str) -> None:
    key = SigningKey()
    server = JwksServer(key)
    try:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + ahead))
        server.respond_with(Response(raw=[_http(jwks(key), date)]))
        issued = int(time.time()) + ahead
        token = Issuer(server.issuer, key).token(iat=issued, exp=issued + 300)
        output = explained(token, "--issuer", server.issuer)[1]
    finally:
        server.stop()
    assert re.search(
        rf"the issuer's is (8[5-9]|9[0-5])[.0-9]* s {words} that of this machine", output
    )
    assert output.startswith("Rejected: not_yet_valid" if ahead > 0 else "Accepted.")


def _http(body: bytes, date: str) -> bytes:
    return f"HTTP/1.0 200 OK\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2020 00:00:00 GMT"])
def test_a_server_without_a_usable_date(explained: Explain, date: str) -> None:
    key = SigningKey()
    server = JwksServer(key)
    try:
        server.respond_with(Response(raw=[_http(jwks(key), date)]))
        now = int(time.time())
        token = Issuer(server.issuer, key).token(iat=now, exp=now + 300)
        code, output = explained(token, "--issuer", server.issuer)
    finally:
        server.stop()
    assert code == 0
    assert "clock" not in output


def test_odd_claims_are_shown_as_ascii(torii: Emulator, explained: Explain) -> None:
    odd = {
        "sub": "\x1b[2J\u2603",
        "iat": "soon",
        "exp": -1,
        "org_id": "\u2028" * 200,
        "nbf": 10**12,
    }
    code, output = explained(_token(torii, claims=odd))
    assert code == 1
    assert output.isascii()
    assert "\x1b" not in output
    assert '"soon"' in output


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "  {}\n",
        "\ufeff{}\n",
        "Bearer {}",
        "Authorization: bearer {}\r\n",
        '"{}"',
        "authorization:{}",
    ],
)
def test_what_is_pasted_around_a_token(torii: Emulator, explained: Explain, around: str) -> None:
    assert explained(around.format(_token(torii)))[0] == 0


def test_the_token_as_an_argument(torii: Emulator, explained: Explain) -> None:
    assert explained("", _token(torii))[0] == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "must not be empty"),
        (b" \n", "must not be empty"),
        (b"Bearer ", "must not be empty"),
        (b"eyJ.eyJ\nx.y", "must be one line without blanks"),
        (b"eyJ.eyJ x.y", "must be one line without blanks"),
        (b"a" * 1_000_000, "must have 16384 characters at most"),
        ("eyJ.é.x".encode(), "must be ASCII"),
        (b"\xff\xfe", "must be ASCII"),
        (b"sk_test_0123456789", "not a Torii key"),
    ],
)
def test_what_cannot_be_a_token(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, text: bytes, sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["explain"]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert sentence in errors
    assert errors.startswith("The token must")
    assert len(errors) < 100
    assert len(errors.splitlines()) == 1


def test_a_terminal_is_asked_without_showing_it(
    torii: Emulator, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    token = _token(torii)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: f"Bearer {token}")
    assert main(["explain"]) == 0
    assert capfd.readouterr().out.startswith("Accepted.")


def test_an_issuer_is_needed(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    monkeypatch.delenv("TORII_ISSUER")
    assert main(["explain", "a.b.c"]) == 2
    assert capfd.readouterr() == (
        "",
        "An issuer must be set, such as https://acme.torii.so. Pass --issuer or set TORII_ISSUER.\n",
    )
