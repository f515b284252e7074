"""`flask torii routes` prints the audit of the application that Flask found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from torii_backend.flask import Torii
from torii_backend.flask.commands import torii

Run = Callable[..., tuple[int, str, str]]


def _app() -> Flask:
    app = Flask(__name__, static_folder=None)
    for path in ("/health", "/me"):
        app.add_url_rule(path, path, lambda: "in")
    return app


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(app: Flask, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            torii.main(["routes", *arguments], "torii", obj=ScriptInfo(create_app=lambda: app))
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capsys.readouterr())

    return run


def test_the_routes_are_listed(run: Run) -> None:
    app = _app()
    Torii(app, issuer="https://acme.torii.so", exempt={"/health": "load balancer"})
    code, listed, _ = run(app)
    assert code == 0
    health, me = listed.splitlines()
    assert health.split()[:5] == ["GET", "/health", "exempt", "load", "balancer"]
    assert me.split()[:3] == ["GET", "/me", "guarded"]
    assert [line.split()[1] for line in run(app, "--open")[1].splitlines()] == ["/health"]


def test_an_open_route_must_be_allowed(run: Run, tmp_path: Path) -> None:
    allowed = tmp_path / "routes.txt"
    allowed.write_text("GET /me  # nothing to hide\n/health  # load balancer\n")
    assert run(_app(), "--check", str(allowed))[:2] == (0, "")
    code, listed, _ = run(_app(), "--json")
    assert code == 1
    assert [each["path"] for each in json.loads(listed)["findings"]] == ["/health", "/me"]


def test_what_is_wrong_is_one_line(run: Run) -> None:
    code, listed, told = run(_app(), "--check", "missing.txt")
    assert (code, listed) == (2, "")
    assert told.startswith("Error: The allow list can't be read") and told.count("\n") == 1


def test_what_the_application_prints_is_no_part_of_the_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def create() -> Flask:
        print("made")  # noqa: T201
        return _app()

    with pytest.raises(SystemExit):
        torii.main(["routes", "--json"], "torii", obj=ScriptInfo(create_app=create))
    listed, told = capsys.readouterr()
    assert len(json.loads(listed)["routes"]) == 2
    assert told.startswith("made\n")
