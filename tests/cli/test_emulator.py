"""`python -m torii_backend emulator`, in another process and in this one."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer
from typing import Any, Optional

import pytest

from tests.cli.shell import PYTHON, elsewhere
from tests.emulator.conftest import WATCHDOG, Wire
from tests.emulator.rest.api import Api
from tests.ports import free_port
from torii_backend.cli.emulator import _welcome
from torii_backend.cli.main import main
from torii_backend.emulator import Emulator

KEY = "sk_test_of_the_compose_file"
ENVIRONMENT_ID = "0198a000-0000-7000-8000-00000000000e"


@contextmanager
def _shell(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command. A watchdog ends it if the test doesn't."""
    with subprocess.Popen(
        [*PYTHON, "-m", "torii_backend", *arguments],
        **elsewhere(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = Timer(WATCHDOG, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_emulator_serves_and_ends_cleanly(end: signal.Signals) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with _shell("emulator", "--port", "0", "--json", "--webhooks", url) as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        other = facts.pop("other_environment")
        secret = facts.pop("webhook_secret")
        assert list(facts) == ["issuer", "api_url", "secret_key", "environment_id"]
        assert list(other) == ["environment_id", "secret_key"]
        assert facts["issuer"].startswith("http://127.0.0.1:")
        for environment in (facts, other):
            assert environment["secret_key"].startswith("sk_test_")
        assert facts["environment_id"] != other["environment_id"]
        wire = Wire(facts["issuer"])
        token = wire.post("/_emulator/tokens", {"userId": "user_ada"}).json()["accessToken"]
        claims = wire.verified(token)
        assert (claims["iss"], claims["pid"]) == (facts["issuer"], facts["environment_id"])
        assert claims["sub"] == "user_ada"
        registered = wire.post("/_emulator/webhooks", {"url": url}).json()
        assert registered == {"secret": secret, "urls": [url]}
        process.send_signal(end)
        assert process.communicate() == ("", "")
        assert process.returncode == 0


def test_a_hanging_request_does_not_delay_the_exit() -> None:
    with _shell("emulator", "--port", "0", "--json") as process:
        assert process.stdout is not None
        wire = Wire(json.loads(process.stdout.readline())["issuer"])
        wire.post("/_emulator/outage", {"mode": "hang"})
        path = "/.well-known/openid-configuration"
        with wire.raw(f"GET {path} HTTP/1.1\nHost: localhost\nExpect: 100-continue\n\n") as hanging:
            assert hanging.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            process.send_signal(signal.SIGTERM)
            assert process.communicate() == ("", "")
        assert process.returncode == 0


def _output_until_sigterm(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run the command in this process, and send it SIGTERM after its output."""
    reader, writer = os.pipe()
    lines: list[str] = []

    def stop_once_it_serves() -> None:
        with os.fdopen(reader, encoding="utf-8") as output:
            for line in output:
                lines.append(line)
                if "Ctrl-C" in line or "--json" in arguments:
                    os.kill(os.getpid(), signal.SIGTERM)

    watcher = Thread(target=stop_once_it_serves)
    watcher.start()
    with os.fdopen(writer, "w", encoding="utf-8") as output, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        code = main(["emulator", "--port", "0", *arguments])
    watcher.join()
    assert code == 0
    return "".join(lines)


def test_the_output_shows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _output_until_sigterm(monkeypatch)
    issuer = text.split("issuer", 1)[1].split()[0]
    assert issuer.startswith("http://127.0.0.1:")
    for expected in ("API URL", "sk_test_", "environment id", f"{issuer}/_emulator/tokens"):
        assert expected in text
    assert f"{issuer}/_emulator/sign-in\n" in text
    assert f"{issuer}/_emulator/\n" in text


def test_without_a_console_the_output_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _output_until_sigterm(monkeypatch, "--no-console")
    assert "/_emulator/sign-in\n" in text
    assert "/_emulator/\n" not in text


def test_the_json_output_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = _output_until_sigterm(monkeypatch, "--json").splitlines()
    assert json.loads(line)["api_url"] == json.loads(line)["issuer"]


def test_the_signal_handlers_are_restored(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    _output_until_sigterm(monkeypatch)
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert capfd.readouterr() == ("", "")


def test_the_curl_command_issues_a_token(torii: Emulator, wire: Wire) -> None:
    line = next(line for line in _welcome(torii).splitlines() if "curl" in line)
    command, flag, body, address = shlex.split(line)
    assert (command, flag) == ("curl", "-d")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = wire.send("POST", address[len(torii.issuer) :], body, headers)
    assert wire.verified(response.json()["accessToken"])["plan"] == "pro"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "--allow-remote"),  # noqa: S104
        (["--host", "192.0.2.1", "--allow-remote"], "cannot listen"),
        (["--port", "70000"], "port must be"),
        (["--port", "{port}"], "is in use"),
    ],
)
def test_an_invalid_setting_is_one_line_and_exit_code_2(
    torii: Emulator, capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    port = torii.issuer.rpartition(":")[2]
    assert main(["emulator", *(argument.format(port=port) for argument in arguments)]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert words in errors
    assert len(errors.splitlines()) == 1


def _facts(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(_output_until_sigterm(monkeypatch, "--json", *arguments))
    return facts


def test_variables_set_what_options_leave_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "seed.json").write_text('{"users": [{"email": "ada@example.com"}]}')
    settings = {
        "ISSUER": "http://torii:4100",
        "SECRET_KEY": KEY,
        "ENVIRONMENT_ID": ENVIRONMENT_ID,
        "HOST": "localhost",
        "DB": str(tmp_path / "torii.db"),
        "SEED": str(tmp_path / "seed.json"),
        "WEBHOOKS": "http://127.0.0.1:9/a, http://127.0.0.1:9/b",
        "ALLOW_REMOTE": "",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"TORII_EMULATOR_{name}", value)
    facts = _facts(monkeypatch)
    assert facts["issuer"] == "http://torii:4100"
    assert facts["api_url"].startswith("http://localhost:")
    assert (facts["secret_key"], facts["environment_id"]) == (KEY, ENVIRONMENT_ID)
    with Emulator(db=tmp_path / "torii.db") as torii:
        api = Api(torii.api_url, ENVIRONMENT_ID, KEY)
        assert [user["email"] for user in api.search()["items"]] == ["ada@example.com"]
    arguments = ["--issuer", "http://other", "--host", "127.0.0.1", "--secret-key", f"{KEY}_2"]
    facts = _facts(monkeypatch, *arguments)
    assert (facts["issuer"], facts["secret_key"]) == ("http://other", f"{KEY}_2")
    assert facts["api_url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("variable", "arguments", "hosts"),
    [
        (None, ["--allow-remote"], {"torii": 200, "demo.example.com": 403}),
        (None, ["--allow-remote", "demo.example.com", "b"], {"torii": 403, "demo.example.com": 200, "b": 200}),
        ("true", [], {"torii": 200, "demo.example.com": 403}),
        ("0", [], {"torii": 403}),
        ("torii, demo.example.com", [], {"torii": 200, "demo.example.com": 200, "b": 403}),
        ("torii", ["--allow-remote", "b"], {"torii": 403, "b": 200}),
    ],
)  # fmt: skip
def test_allow_remote_is_a_switch_or_a_list_of_names(
    monkeypatch: pytest.MonkeyPatch,
    variable: Optional[str],
    arguments: list[str],
    hosts: dict[str, int],
) -> None:
    if variable is not None:
        monkeypatch.setenv("TORII_EMULATOR_ALLOW_REMOTE", variable)
    with _shell("emulator", "--port", "0", "--json", *arguments) as process:
        assert process.stdout is not None
        wire = Wire(json.loads(process.stdout.readline())["api_url"])
        for host, status in hosts.items():
            response = wire.send("GET", "/_emulator/health", headers={"Host": host})
            assert response.status == status


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "argument --port: port must be a whole number"),
        ("ISSUER", "torii", "issuer must be the URL"),
        ("SECRET_KEY", "sk_live_12345678", "Never use a live key"),
        ("ENVIRONMENT_ID", "env_1", "environment_id must be a UUID"),
        ("ALLOW_REMOTE", "http://torii", "allow_remote must be True, or a host name"),
        ("WEBHOOKS", "nowhere", "webhooks must be"),
        ("REFRESH_PATH", "/refresh", "refresh_path must be"),
    ],
)
def test_an_invalid_variable_is_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"TORII_EMULATOR_{name}", value)
    with _shell("emulator", *([] if name == "PORT" else ["--port", "0"])) as process:
        output, errors = process.communicate()
    assert (process.returncode, output) == (2, "")
    assert words in errors
    assert "12345678" not in errors


@pytest.mark.parametrize("option", [None, "--quiet"])
def test_requests_are_logged_to_standard_error_unless_it_is_quiet(option: Optional[str]) -> None:
    with _shell("emulator", "--port", "0", *filter(None, [option])) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "issuer" in line:
                wire = Wire(line.split()[-1])
            if "Ctrl-C" in line:
                break
        wire.get("/_torii/.well-known/jwks.json?a=b")
        wire.get("/_emulator/health")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    line = r"\d\d:\d\d:\d\d GET /_torii/\.well-known/jwks\.json 200 [\d.]+ ms\n"
    assert re.fullmatch("" if option else line, errors)


def test_the_log_is_as_before_when_the_command_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("torii_backend.emulator")
    before = (logger.level, list(logger.handlers))
    _output_until_sigterm(monkeypatch)
    assert (logger.level, list(logger.handlers)) == before


def test_a_live_key_is_one_line_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_1")
    with _shell("emulator", "--port", "0") as process:
        output, errors = process.communicate()
    assert (process.returncode, output) == (2, "")
    assert "live key" in errors
    assert len(errors.splitlines()) == 1


def test_unknown_arguments_are_exit_code_2(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["emulator", "--nonsense"])
    assert caught.value.code == 2
    assert "--nonsense" in capfd.readouterr().err


def test_front_ends_refresh_at_the_path_of_the_option() -> None:
    arguments = ["emulator", "--port", "0", "--json", "--refresh-path", "/_torii/renew"]
    with _shell(*arguments) as process:
        assert process.stdout is not None
        wire = Wire(json.loads(process.stdout.readline())["api_url"])
        assert wire.post("/_torii/renew").status == 401
        assert wire.post("/_torii/auth/session/refresh").status == 404
