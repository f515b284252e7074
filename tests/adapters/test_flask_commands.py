"""`flask torii routes` prints the audit of the application that Flask found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from torii_backend.flask import Torii
from torii_backend.flask.commands import torii


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__, static_folder=None)
    for path in ("/health", "/me"):
        app.add_url_rule(path, path, lambda: "in")
    Torii(app, issuer="https://acme.torii.so", exempt={"/health": "load balancer"})
    return app


def _run(app: Flask, *arguments: str) -> Any:
    app.cli.add_command(torii)
    return app.test_cli_runner().invoke(args=["torii", "routes", *arguments])


def test_the_routes_are_listed(app: Flask) -> None:
    result = _run(app)
    assert result.exit_code == 0
    health, me = result.stdout.splitlines()
    assert health.split()[:5] == ["GET", "/health", "exempt", "load", "balancer"]
    assert me.split()[:3] == ["GET", "/me", "guarded"]
    assert [line.split()[1] for line in _run(app, "--open").stdout.splitlines()] == ["/health"]


def test_an_open_route_must_be_allowed(tmp_path: Path) -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/me", "me", lambda: "in")
    assert _run(app).exit_code == 1
    allowed = tmp_path / "routes.txt"
    allowed.write_text("GET /me  # nothing to hide\n")
    assert _run(app, "--check", str(allowed)).exit_code == 0
    result = _run(app, "--json")
    assert json.loads(result.stdout)["findings"][0]["path"] == "/me"


def test_what_is_wrong_is_one_line(app: Flask) -> None:
    result = _run(app, "--check", "missing.txt")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The allow list can't be read")
    assert len(result.stderr.splitlines()) == 1
