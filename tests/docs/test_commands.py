"""Every `$ torii …` of docs/commands.md prints what the page shows. `...` stands for any text."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.webhooks.endpoint import Endpoint
from torii_backend.cli.main import main
from torii_backend.emulator import Emulator

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands() -> Iterator[tuple[str, str]]:
    """Give each command with its output."""
    for block in BLOCK.findall(PAGE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def _printed(line: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Run `torii` commands with pipes between them, in this process."""
    output = ""
    for command in line.split(" | "):
        sys.stdin = io.TextIOWrapper(io.BytesIO(output.encode()))
        name, *arguments = shlex.split(command)
        assert name == "torii"
        main(arguments)
        output = capfd.readouterr().out
    return output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the app of the page."""
    pytest.importorskip("flask")
    app = re.search(r"^```python\n(# main.py\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert app is not None
    (tmp_path / "main.py").write_text(app[1])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "stdin", sys.stdin)
    monkeypatch.delitem(sys.modules, "main", raising=False)
    return tmp_path


def test_the_commands_print_what_the_page_shows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Emulator() as torii, closing(Endpoint()) as endpoint:
        monkeypatch.setenv("TORII_ISSUER", torii.issuer)
        monkeypatch.setenv("TORII_WEBHOOK_SECRET", torii.webhooks.secret)
        for written, expected in _commands():
            command = written.replace("http://127.0.0.1:8000/torii/events", endpoint.url)
            if command.startswith("export TORII_ISSUER="):
                continue
            echoed = re.fullmatch(r'echo "(.*)" > (\S+)', command)
            if echoed:
                (folder / echoed[2]).write_text(f"{echoed[1]}\n")
                continue
            shown = re.escape(expected).replace(re.escape("..."), ".*")
            printed = _printed(command, capfd).replace(torii.issuer, "http://127.0.0.1:4100")
            assert re.fullmatch(shown, printed), printed


def test_the_members_of_json_are_those_of_the_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "open-routes.txt").write_text("/gone\n")
    with Emulator() as torii, closing(Endpoint()) as endpoint:
        monkeypatch.setenv("TORII_ISSUER", torii.issuer)
        monkeypatch.setenv("TORII_WEBHOOK_SECRET", torii.webhooks.secret)
        for name, written in JSON.items():
            command = written.format(url=endpoint.url)
            document = json.loads(_printed(command, capfd))
            # Values are named there as well.
            values = {"stale", "ok", "failed", "not reached", "not checked"}
            assert _members(document) == _described(name) - values, name


JSON = {
    "Routes": "torii routes main:app --check open-routes.txt --json",
    "Doctor": "torii doctor main:app --json",
    "Explain": "torii token --role a --claim nbf=5 | torii explain --role b --claims --json",
    "Trigger": "torii trigger user.deleted --to {url} --json",
}


def _members(value: Any) -> set[str]:
    """Return the names of all members, but for those of the claims."""
    if isinstance(value, dict):
        nested = (_members(each) for name, each in value.items() if name != "claims")
        return set(value).union(*nested)
    return set().union(*map(_members, value)) if isinstance(value, list) else set()


def _described(title: str) -> set[str]:
    """Return the names in the paragraph on JSON, or in the table after it."""
    found = re.search(
        rf"^## {title}\n(?:(?!^## ).)*?`--json` prints (.*?(?<!:))\n\n",
        f"{PAGE}\n\n",
        re.MULTILINE | re.DOTALL,
    )
    assert found is not None
    return set(re.findall(r"[`\"]([a-z_ ]+)[`\"]", found[1]))


def test_every_option_of_every_command_is_described(capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("routes", "explain", "token", "trigger"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        options = set(re.findall(r"--[a-z-]+", capfd.readouterr().out)) - {"--help"}
        (section,) = re.findall(
            rf"^## {command.title()}\n.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
        )
        missing = {option for option in options if f"`{option}" not in section}
        assert missing <= {"--json"}
