"""The command `torii`, as whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from figure import Figure, at_most
from stopwatch import difference, interleaved

import torii_backend
from torii_backend.emulator import Emulator

_APP = """
from flask import Flask
from torii_backend.flask import require_auth

app = Flask(__name__)
guard = require_auth(role="admin", any_organization=True, issuer="https://acme.torii.so")
for number in range(500):
    def view():
        return ""
    app.add_url_rule(f"/{number}", str(number), guard(view))
"""
_TORII = ("-m", "torii_backend")


def measure(*, quick: bool) -> list[Figure]:
    """Time commands, alternating with a Python that does nothing, and with one that imports the app."""
    rounds = 9 if quick else 21
    with tempfile.TemporaryDirectory() as folder, Emulator() as torii:
        (Path(folder) / "app_of_500.py").write_text(_APP)
        commands = {
            "bare": ("-c", "pass"),
            "help": (*_TORII, "--help"),
            "token": (*_TORII, "token", "ada"),
            "import": ("-c", "import app_of_500"),
            "routes": (*_TORII, "routes", "app_of_500:app"),
        }
        run = partial(_run, Path(folder), torii.issuer)
        steps = {name: partial(run, arguments) for name, arguments in commands.items()}
        # Once before, so that all bytecode exists.
        interleaved(steps, 1)
        seconds = interleaved(steps, rounds)
    above = difference(seconds["help"], seconds["bare"]) * 1e3
    routes = difference(seconds["routes"], seconds["import"])
    return [
        at_most("commands: torii --help, above bare Python", above, 30, "ms"),
        at_most("commands: torii token", median(seconds["token"]) * 1e3, 150, "ms"),
        at_most("commands: torii routes, 500 routes, above the app's import", routes, 0.5, "s"),
    ]


def _run(folder: Path, issuer: str, arguments: tuple[str, ...]) -> None:
    # The folder of the package under test, so that each process imports the same one.
    home = Path(torii_backend.__file__).parents[1]
    variables = {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{folder}", "TORII_ISSUER": issuer}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    # The exit code of `routes` is 1: the app's static files are open.
    subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=variables,
    )
