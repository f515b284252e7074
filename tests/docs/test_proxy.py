"""docs/proxy.md names what the proxy leaves out, its keywords, and what servers do themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.proxy.differences import DIFFERENCES
from torii_backend.proxy import headers, settings

PAGE = (Path(__file__).parents[2] / "docs" / "proxy.md").read_text("utf-8")


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _names(title: str) -> set[bytes]:
    """Give the names in the first column of the table in a section, in lower case."""
    rows = re.findall(r"^\| (.*?) \|", _section(title), re.MULTILINE)
    return {name.lower().encode() for row in rows for name in re.findall(r"`([\w*-]+)`", row)}


@pytest.mark.parametrize(
    ("title", "dropped"),
    [
        ("Requests", headers._HOP_BY_HOP | headers._FORWARDING | {b"expect", b"host"}),
        ("Responses", headers._NOT_RETURNED),
    ],
)
def test_each_header_that_is_left_out_is_named(title: str, dropped: set[bytes]) -> None:
    assert dropped <= _names(title)


def test_each_prefix_that_is_left_out_is_named() -> None:
    prefixes = {prefix + b"*" for prefix in headers._NOT_SENT_PREFIXES}
    assert prefixes <= _names("Requests")


def test_the_keywords_are_those_of_the_proxy() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", _section("Keywords"), re.MULTILINE)
    assert [name for name, _ in rows] == list(settings.ProxyOptions.__annotations__)
    defaults = dict(rows)
    assert defaults["max_body"] == f"{settings.DEFAULT_MAX_BODY:,}"
    assert defaults["pool_size"] == str(settings.DEFAULT_POOL_SIZE)
    connect, wait = settings.DEFAULT_TIMEOUT
    assert defaults["timeout"] == f"`({connect:g}, {wait:g})`"


def test_each_server_that_differs_is_in_the_table() -> None:
    rows = re.findall(r"^\| (\w+) \|", _section("Servers"), re.MULTILINE)
    # With one request at a time, a server just has one connection.
    assert {server for server, _ in DIFFERENCES} - {"gunicorn_sync"} == {*rows} - {"server"}
