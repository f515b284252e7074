"""What all commands have in common."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.shell import PYTHON, elsewhere
from tests.emulator.conftest import WATCHDOG
from torii_backend.cli import emulator
from torii_backend.cli.main import main

COMMANDS = ["routes", "explain", "token", "doctor", "trigger", "emulator"]


def test_the_help_lists_the_commands(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    output = capfd.readouterr().out
    assert output.startswith("usage: torii")
    assert [line.split()[0] for line in output.splitlines()[-len(COMMANDS) :]] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_and_json(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    output = capfd.readouterr().out
    assert output.startswith(f"usage: torii {command}")
    assert "--json" in output


def test_the_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr() == (f"torii {version('torii-backend')}\n", "")


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["emulator", "--nonsense"]])
def test_unknown_arguments_are_exit_code_2(
    arguments: Sequence[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "nonsense" in capfd.readouterr().err


TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "arguments",
    [
        [TOKEN],
        [f"--version={TOKEN}"],
        ["explain", "a.b.c", TOKEN],
        ["explain", f"--offline={TOKEN}"],
        ["explain", TOKEN, "sk_test_0123456789"],
        ["token", "--expires-in", TOKEN],
        ["token", "ada", f"{TOKEN[:30]}\n{TOKEN[30:]}"],
        ["routes", f"{TOKEN.replace('.', '_')}:app"],
        ["emulator", "--port", "https://ada:hunter2@localhost"],
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(
    arguments: Sequence[str], capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    output, errors = capfd.readouterr()
    assert (code, output) == (2, "")
    for secret in (TOKEN[:9], TOKEN[-9:], "56789", "hunter2"):
        assert secret not in errors


def test_ctrl_c_is_exit_code_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(emulator, "run", interrupted)
    assert main(["emulator"]) == 130
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_a_reader_that_stops_reading_is_no_traceback(
    argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    program = f"from torii_backend.cli.main import main; raise SystemExit(main([{argument!r}]))"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        command = [*PYTHON, "-c", program]
        run = subprocess.run(
            command,
            **elsewhere(),
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
            timeout=WATCHDOG,
        )
    assert (run.returncode, run.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("output", "code", "error"),
    [(">/dev/full", 1, "The output can't be written: the disk is full.\n"), (">&-", 0, "")],
)
def test_an_output_that_is_full_or_closed_is_no_traceback(
    output: str, code: int, error: str
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has a full device")
    run = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {output}', "sh", *PYTHON, "-m", "torii_backend", "--version"],
        **elsewhere(),
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=WATCHDOG,
    )
    assert (run.returncode, run.stderr) == (code, error)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_no_command(argument: str) -> None:
    program = f"""
import sys
from torii_backend.cli.main import main
try:
    main([{argument!r}])
except SystemExit:
    pass
print(*[name for name in sys.modules if name.startswith("torii_backend.")], sep=",")
"""
    command = [*PYTHON, "-c", program]
    run = subprocess.run(
        command, **elsewhere(), capture_output=True, check=True, text=True, timeout=WATCHDOG
    )
    loaded = run.stdout.splitlines()[-1].replace("torii_backend.", "").split(",")
    assert set(loaded) <= {"cli", "cli.main", "errors", "plain_http", "settings"}
    assert ("settings" in loaded) == (argument == "--version")
