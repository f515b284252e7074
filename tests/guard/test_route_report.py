"""The report of a route audit, and its comparison with an allow list."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Optional

import pytest

from torii_backend import ConfigurationError
from torii_backend._guard.audit import Route
from torii_backend._guard.route_report import (
    Finding,
    add_arguments,
    findings,
    lines,
    read_allow_list,
    report,
)

ROUTES = [
    Route("/invoices/{id}", "GET", "guarded", "role='admin'", "app/invoices.py:41"),
    Route("/health", "GET", "open", "", "app/main.py:7"),
    Route("/feed", "GET", "optional", "", "app/main.py:12"),
    Route("/admin", "*", "unknown", "before_request: check", "app/main.py:20"),
    Route("/docs", "GET", "exempt"),
    Route("/login", "POST", "public", "signs in"),
    Route("/live", "WEBSOCKET", "open"),
]
ALLOWED = {"GET /health": "load balancer", "/feed": "", "/admin": "", "/live": ""}


def test_the_lines_are_aligned() -> None:
    assert lines(ROUTES[:3]) == [
        "GET  /invoices/{id}   guarded    role='admin'   app/invoices.py:41",
        "GET  /health          open                      app/main.py:7",
        "GET  /feed            optional                  app/main.py:12",
    ]
    assert lines(ROUTES[-1:]) == ["WEBSOCKET  /live   open"]
    assert lines([]) == []


def test_a_long_detail_does_not_move_the_other_lines() -> None:
    long = Route("/a", "GET", "guarded", "x" * 100, "a.py:1")
    assert lines([long, ROUTES[1]])[1] == "GET  /health   open         app/main.py:7"


def test_what_nobody_allowed_is_a_finding() -> None:
    found = findings(ROUTES, {})
    assert [(each.path, each.problem) for each in found] == [
        ("/health", "open"),
        ("/feed", "optional"),
        ("/admin", "unknown"),
        ("/live", "open"),
    ]
    assert found[0] == Finding(*ROUTES[1])
    assert findings(ROUTES, ALLOWED) == []


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ("/nowhere", "no such route"),
        ("POST /health", "the methods of this path are GET"),
        ("GET /admin", "the methods of this path are *"),
        ("/Health", "no such route"),
        ("GET /invoices/{id}", "guarded, so it need not be allowed"),
    ],
)
def test_an_entry_that_no_route_needs_is_a_finding(entry: str, detail: str) -> None:
    (found,) = findings(ROUTES, {**ALLOWED, entry: "why"})
    assert (found.problem, found.detail) == ("stale", detail)
    assert f"{found.method} {found.path}" == (entry if " " in entry else f"* {entry}")


def test_an_entry_may_name_what_the_code_opens_already() -> None:
    assert findings(ROUTES, {**ALLOWED, "/docs": "", "POST /login": ""}) == []


@pytest.mark.parametrize("entry", ["health", "get /health", "", 7, None, "GET/health"])
def test_an_entry_must_be_a_method_and_a_path(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="such as GET /health"):
        findings(ROUTES, {entry: ""})


FILE = """\
# What may be open.

GET /health  # load balancer
/feed# not a comment
  *   /a b  #
"""


def test_the_file_of_an_allow_list(tmp_path: Path) -> None:
    path = tmp_path / "open-routes.txt"
    path.write_text(f"\ufeff{FILE}/b  # one\u2028/hidden\x1c/line\r\n", "utf-8")
    assert read_allow_list(str(path)) == {
        "GET /health": "load balancer",
        "/feed# not a comment": "",
        "*   /a b": "",
        "/b": "one\u2028/hidden\x1c/line",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GET /a\nhealth", "Line 2 of the allow list must be"),
        (b"\xff", "UTF-8"),
        (None, "No such"),
    ],
)
def test_an_allow_list_that_cannot_be_read(
    tmp_path: Path, content: Optional[bytes], words: str
) -> None:
    path = tmp_path / "open-routes.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words):
        read_allow_list(str(path))


def test_the_report_is_sorted_and_its_code_tells_of_findings(tmp_path: Path) -> None:
    text, summary, code = report(ROUTES)
    assert (summary, code) == ("4 of 7 routes must be guarded or allowed by --check.\n", 1)
    assert [line.split()[1] for line in text.splitlines()] == sorted(each.path for each in ROUTES)
    assert "/invoices" not in report(ROUTES, only_open=True).text
    assert report(ROUTES[:1], only_open=True) == ("", "", 0)
    assert report([]) == ("", "The app has no routes.\n", 0)
    path = tmp_path / "open-routes.txt"
    path.write_text("\n".join(ALLOWED))
    assert report(ROUTES, check=str(path)) == ("", "", 0)
    text, summary, code = report(ROUTES[:2], check=str(path))
    assert (code, text.count("stale")) == (1, 3)
    assert summary == "3 lines of the allow list must be removed.\n"
    path.write_text("/gone  # it was removed")
    summary = report(ROUTES[:1], check=str(path)).summary
    assert summary == "1 line of the allow list must be removed.\n"


def test_the_report_as_json() -> None:
    text, _, code = report(ROUTES[:2], as_json=True)
    health = {"path": "/health", "method": "GET", "detail": "", "where": "app/main.py:7"}
    document = json.loads(text)
    assert code == 1
    assert document["routes"][0] == {**health, "state": "open"}
    assert document["routes"][1]["state"] == "guarded"
    assert document["findings"] == [{**health, "problem": "open"}]


def test_the_options_are_the_same_in_every_command() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--open", "--check", "open-routes.txt"])
    assert vars(arguments) == {"open": True, "check": "open-routes.txt", "json": False}
