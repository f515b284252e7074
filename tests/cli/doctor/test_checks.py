"""All checks together: their order, their deadline and their output."""

from __future__ import annotations

import json
import re
import sys
from io import StringIO
from pathlib import Path

import pytest

from torii_backend.cli.doctor import api, app, keys, network, proxy, settings, versions
from torii_backend.cli.doctor.finding import Finding
from torii_backend.cli.doctor.output import text_of
from torii_backend.cli.main import main

from .conftest import NOWHERE, Diagnose, Host

ALL = [
    *versions.CHECKS,
    *settings.CHECKS,
    *network.CHECKS,
    *keys.CHECKS,
    *api.CHECKS,
]
FOUND = [
    Finding("a.one", "ok", "Good."),
    Finding("a.second", "failed", "Bad.", "Mend it."),
    Finding("b.one", "unknown", "Not checked, because a.second failed."),
    Finding("b.two", "unknown", "Not checked, because a.second failed."),
]


def test_every_check_has_one_finding_in_a_fixed_order(diagnose: Diagnose, host: Host) -> None:
    assert list(diagnose()) == ALL
    assert len(host.requests) == 2


def test_nothing_but_get_is_sent(diagnose: Diagnose, host: Host) -> None:
    """The server of these tests responds to a POST as well, and records no method."""
    diagnose()
    assert all(request.headers["Content-Length"] is None for request in host.requests)


def test_a_test_makes_each_check_fail() -> None:
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    named = set(re.findall(r'"([a-z_]+\.[a-z0-9_]+)"', "".join(texts)))
    # These are parametrized.
    named |= {check for check in ALL if check.startswith("versions.")}
    named |= {f"settings.issuer_{part}" for part in ("form", "scheme", "path")}
    assert named >= {*ALL, *app.CHECKS, *proxy.CHECKS}


def test_each_of_several_issuers_has_findings(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"{host.issuer},{NOWHERE}")
    assert main(["doctor", "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    statuses = [each["status"] for each in findings if each["id"] == "issuer.tcp"]
    assert statuses == ["ok", "failed"]


def test_what_takes_too_long_is_unknown(diagnose: Diagnose, host: Host) -> None:
    with host.held():
        found = diagnose(seconds=0.2)
    assert found.has("unknown", "issuer.tcp", "because the time was up")
    assert found.has("ok", "settings.issuer")


def test_the_exit_code_is_1_if_a_check_failed(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    monkeypatch.setenv("TORII_ISUER", "x")  # a warning
    assert main(["doctor"]) == 0
    monkeypatch.setenv("TORII_ISSUER", NOWHERE)
    assert main(["doctor", "--json"]) == 1
    output, talk = capsys.readouterr()
    assert (output.count("0 failed"), talk) == (2, "")
    assert host.requests


def test_json(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", "never")
    main(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert [*document] == ["status", "findings"]
    assert document["status"] == "failed"
    assert [each["id"] for each in document["findings"]] == ALL
    assert {frozenset(each) for each in document["findings"]} == {
        frozenset(["id", "status", "sentence", "remedy"])
    }
    assert host.requests


def test_text_is_aligned() -> None:
    assert text_of(FOUND, colored=False) == (
        "ok       a.one          Good.\n"
        "failed   a.second       Bad.\n"
        "                        > Mend it.\n"
        "unknown  b.one, 1 more  Not checked, because a.second failed.\n"
        "\n"
        "1 ok, 0 warning, 1 failed, 2 unknown.\n"
    )


class _Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colour_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, no_color: str, colored: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    main(["doctor"])
    assert ("\033[31mfailed" in terminal.getvalue()) is colored


def test_an_output_that_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(terminal, "encoding", "ascii", raising=False)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_" + "x" * 20)
    monkeypatch.setenv("TORII_API_URL", NOWHERE)
    main(["doctor"])
    assert "sk_test_?xxxx" in terminal.getvalue()
