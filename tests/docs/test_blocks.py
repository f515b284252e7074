"""Every block of README.md and docs/ is run or checked by something: a language that nothing checks fails."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from argparse import ArgumentParser
from configparser import ConfigParser
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

from torii_backend._guard.refusal_log import METHODS, REASONS
from torii_backend.cli.main import _COMMANDS
from torii_backend.emulator import Emulator

from .test_examples import BLOCK, PAGES, ROOT

FENCE = re.compile(r"^[ >]*(```+|~~~+)(.*)\n((?:.*\n)*?)[ >]*\1$", re.MULTILINE)
WATCHDOG = 30.0
EXTRA = re.compile(r"^(\w+) = \[", re.MULTILINE)
PROGRAMS = {"curl", "docker", "pip", "pytest", "python", "python3", "torii", "uvicorn"}
DOCTOR = re.compile(
    r"(ok|failed|unknown) +(settings|issuer|app|api|key_set)[\w., ]+  \S.*| +> \S.*"
)
REFUSED = re.compile(r"refused: (\w+) \d{3} ([A-Z]+) \w+( \(\d+ more since the last line\))?")


class Block(NamedTuple):
    page: Path
    line: int
    language: str
    text: str


def _blocks() -> list[Block]:
    return [
        Block(page, text.count("\n", 0, fence.start()) + 1, fence[2], fence[3])
        for page in PAGES
        for text in [page.read_text("utf-8")]
        for fence in FENCE.finditer(text)
    ]


BLOCKS = _blocks()


def _of(*languages: str) -> pytest.MarkDecorator:
    blocks = [block for block in BLOCKS if block.language in languages]
    return pytest.mark.parametrize(
        "block", blocks, ids=[f"{block.page.name}:{block.line}" for block in blocks]
    )


def test_nothing_is_in_a_language_that_no_test_knows() -> None:
    strange = [
        f"{block.page.name}:{block.line}: {block.language or 'no language'}"
        for block in BLOCKS
        if block.language not in CHECKS
    ]
    assert strange == []


def test_every_example_in_python_is_one_that_test_examples_runs() -> None:
    for page in PAGES:
        written = [block.text for block in BLOCKS if block[0] == page and block[2] == "python"]
        assert written == BLOCK.findall(page.read_text("utf-8")), page.name


@_of("console")
def test_a_command_is_one_that_exists(block: Block) -> None:
    # The lines without `$` are output where others have it: test_commands.py runs those.
    prompted = re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
    script = "\n".join(prompted) or block.text
    bash = shutil.which("bash") or "/bin/bash"
    subprocess.run([bash, "-n"], input=script, text=True, check=True, timeout=WATCHDOG)
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            del words[0]
        if words[0] in {"export", "echo"}:
            continue
        assert Path(words[0]).name in PROGRAMS, line
        for command in [*line.split(" | "), *re.findall(r"\$\((.*?)\)", line)]:
            if command.startswith("torii "):
                _assert_parses(*shlex.split(command, comments=True))
        for extras in re.findall(r"(?:torii-backend|\.)\[([\w,]+)\]", line):
            assert set(extras.split(",")) <= _extras(), line
    for file in re.findall(r"examples/[\w./]+", script):
        assert (ROOT / file).exists(), file


def _assert_parses(program: str, name: str, *arguments: str) -> None:
    parser = ArgumentParser(program)
    _COMMANDS[name][1]().configure(parser)
    parser.parse_args(arguments)


def _extras() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return set(EXTRA.findall(text.partition("[project.optional-dependencies]")[2].split("\n[")[0]))


@_of("js")
def test_a_script_can_be_parsed(block: Block, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node isn't installed")
    script = tmp_path / "block.mjs"
    script.write_text(block.text, "utf-8")
    subprocess.run([node, "--check", str(script)], check=True, timeout=WATCHDOG)


@_of("json")
def test_a_document_in_json_is_what_the_page_says(block: Block, tmp_path: Path) -> None:
    document = json.loads(block.text)
    if "users" in document:
        seed = tmp_path / "seed.json"
        seed.write_text(block.text, "utf-8")
        with Emulator(seed=str(seed)) as torii:
            assert torii.issuer
    else:
        assert document["error"]["reason"] in REASONS


@_of("ini")
def test_settings_of_pytest_are_known(block: Block, request: pytest.FixtureRequest) -> None:
    parser = ConfigParser()
    parser.read_string(block.text)
    for name in parser["pytest"]:
        request.config.getini(name)


@_of("yaml")
def test_a_compose_file_has_the_settings_of_the_example(block: Block) -> None:
    yaml = pytest.importorskip("yaml")
    example = yaml.safe_load((ROOT / "examples/compose/compose.yaml").read_text("utf-8"))
    for name, service in yaml.safe_load(block.text)["services"].items():
        settings = example["services"][name]["environment"]
        assert set(service["environment"]) <= set(settings), name


@_of("text")
def test_output_has_the_form_of_ours(block: Block) -> None:
    for line in block.text.splitlines():
        refused = REFUSED.fullmatch(line)
        if refused is None:
            assert DOCTOR.fullmatch(line), line
        else:
            assert refused[1] in REASONS
            assert refused[2] in METHODS


CHECKS: dict[str, Callable[..., None]] = {
    "python": test_every_example_in_python_is_one_that_test_examples_runs,
    "console": test_a_command_is_one_that_exists,
    "js": test_a_script_can_be_parsed,
    "json": test_a_document_in_json_is_what_the_page_says,
    "ini": test_settings_of_pytest_are_known,
    "yaml": test_a_compose_file_has_the_settings_of_the_example,
    "text": test_output_has_the_form_of_ours,
}
