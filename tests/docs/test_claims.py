"""What the documentation says in numbers and names is what the code and the settings say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from torii_backend import fetch, freshness, jws, keystore, refresher, verifier
from torii_backend.errors import InvalidTokenReason
from torii_backend.options import AuthOptions

ROOT = Path(__file__).parents[2]


def _text(name: str) -> str:
    return " ".join((ROOT / name).read_text("utf-8").split())


def test_the_readme_lists_every_keyword_and_no_other() -> None:
    table = _text("README.md").partition("The keywords that every guard takes")[2]
    rows = re.findall(r"\| `(\w+)` \|", table.partition("Flask reads")[0])
    assert sorted(rows) == sorted(AuthOptions.__annotations__)


def test_the_readme_lists_every_reason_and_no_other() -> None:
    row = re.search(r"`reason` is one of ([^|]+)\|", _text("README.md"))
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == list(get_args(InvalidTokenReason))


def test_the_readme_names_the_pythons() -> None:
    versions = re.findall(r"Python :: (3\.\d+)", _text("pyproject.toml"))
    assert f"Python {versions[0]} to {versions[-1]}." in _text("README.md")


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("a token over 16 KiB", jws.MAX_TOKEN_BYTES / 1024),
        ("with a leeway of 30 seconds", verifier.DEFAULT_LEEWAY),
        ("at most 24 hours", keystore.MAX_STALE_SECONDS / 3600),
        ("at most 512 KiB", fetch.MAX_BYTES / 1024),
        ("and 5 seconds", refresher.FETCH_SECONDS),
        ("every 5 minutes", freshness.DEFAULT_SECONDS / 60),
        ("within 1 minute", freshness.SHORTEST_SECONDS / 60),
        ("and 1 hour", freshness.LONGEST_SECONDS / 3600),
    ],
)
def test_security_gives_the_numbers_of_the_code(sentence: str, number: float) -> None:
    assert sentence in _text("SECURITY.md")
    assert float(re.findall(r"\d+", sentence)[0]) == number


def test_contributing_names_environments_that_exist() -> None:
    tox = (ROOT / "tox.ini").read_text("utf-8")
    known = {*re.findall(r"^\[testenv:(\w+)\]", tox, re.MULTILINE), "py", "py39", "py313"}
    named = re.findall(r"tox run -e ([\w,]+)", _text("CONTRIBUTING.md"))
    assert {env for envs in named for env in envs.split(",")} <= known


def test_contributing_gives_the_coverage_that_is_asked_for() -> None:
    demanded = re.search(r"fail_under = (\d+)", _text("pyproject.toml"))
    assert demanded is not None
    assert f"branch coverage, {demanded[1]} % or more" in _text("CONTRIBUTING.md")
