"""`torii routes`: the routes of an app, and how loading it may fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

from tests.cli.shell import PYTHON, elsewhere
from tests.emulator.conftest import WATCHDOG
from torii_backend.cli.main import main

pytest.importorskip("flask")
Capture = pytest.CaptureFixture[str]

FLASK = """
print("hello")
from flask import Flask
from torii_backend.flask import require_auth

def make(name="x"):
    app = Flask(name, static_folder=None)

    @app.get("/health")
    def health():
        return "ok"

    @app.get("/invoices/<int:number>")
    @require_auth(role="admin", issuer="https://acme.torii.so")
    def invoice(number):
        return "paid"

    print("made")
    return app

class Box:
    app = make()

app = make()
number = 5

def fails():
    raise ValueError("no access with sk_live_secret")

def needs(one):
    return app
"""
LINES = """\
GET  /health                   open                     main.py:9
GET  /invoices/<int:number>    guarded   role='admin'   main.py:13
""".replace("number>    ", "number>   ")
LINES = LINES.replace("/health                   ", "/health                  ")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module `main`, which no other test has imported."""
    (tmp_path / "main.py").write_text(FLASK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "main", raising=False)
    for name in ("DJANGO_SETTINGS_MODULE", "TORII_ISSUER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("target", ["main:app", "main:make()", "main:Box.app"])
def test_it_lists_the_routes(target: str, capfd: Capture) -> None:
    assert main(["routes", target]) == 1
    output, errors = capfd.readouterr()
    assert output == LINES
    assert errors.startswith("hello\n")
    assert errors.endswith("1 of 2 routes must be guarded or allowed by --check.\n")


def test_open_routes_only(capfd: Capture) -> None:
    assert main(["routes", "main:app", "--open"]) == 1
    assert capfd.readouterr().out.split() == ["GET", "/health", "open", "main.py:9"]


def test_an_allow_list(folder: Path, capfd: Capture) -> None:
    allowed = folder / "open-routes.txt"
    allowed.write_text("GET /health  # load balancer\n")
    assert main(["routes", "main:app", "--check", "open-routes.txt"]) == 0
    assert capfd.readouterr().out == ""
    allowed.write_text("GET /old  # nobody knows\n")
    assert main(["routes", "main:app", "--check", "open-routes.txt"]) == 1
    output = capfd.readouterr().out
    assert [line.split()[:3] for line in output.splitlines()] == [
        ["GET", "/health", "open"],
        ["GET", "/old", "stale"],
    ]


def test_json_is_all_that_is_printed(folder: Path) -> None:
    """In another process, as an app may print by itself."""
    run = _run(folder, "main:app", "--json")
    document = json.loads(run.stdout)
    assert run.returncode == 1
    assert [each["path"] for each in document["routes"]] == ["/health", "/invoices/<int:number>"]
    assert [each["problem"] for each in document["findings"]] == ["open"]


HINT = "Set what the app needs to start, such as its environment variables."
FOLDER = "Run torii in the folder from which the app starts, and in the environment that has its packages."


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("main", ["APP must be module:attribute or module:function(), such as app.main:app."]),
        ("main.py:app()x", ["APP must be module:attribute or module:function(), such as app.main:app."]),
        ("main:", ["APP must be module:attribute or module:function(), such as app.main:app."]),
        ("main:apps", ["hello", "made", "made", "APP must name an attribute: main has no apps."]),
        (
            "main:number",
            ["app must be a WSGI or ASGI application, such as Flask(__name__) or FastAPI()."],
        ),
        (
            "main:make",
            [
                "APP must be an app; make is a function. If it returns the app, write main:make().",
            ],
        ),
        ("main:number()", ["number must be a function if you write number()."]),
        (
            "main:fails()",
            ["fails() failed. main.py:28: ValueError: no access with sk_…", HINT],
        ),
        ("nowhere:app", ["nowhere can't be imported. ModuleNotFoundError: No module named 'nowhere'", FOLDER]),
        ("broken:app", ["broken can't be imported. broken.py:2: KeyError: 'SECRET'", HINT]),
        ("wrong:app", ["wrong can't be imported. SyntaxError: invalid syntax (wrong.py, line 1)", HINT]),
        (
            "unset:app",
            [
                ("unset can't be imported. unset.py:2: ConfigurationError: issuer must be set, such as "
                "https://acme.torii.so. Pass issuer= or set TORII_ISSUER."),
                HINT,
            ],
        ),
        ("exits:app", ["exits can't be imported. exits.py:1: SystemExit: SECRET is not set", HINT]),
        ("ends:app", ["ends can't be imported. ends.py:1: BaseException: over", HINT]),
    ],
)  # fmt: skip
def test_an_app_that_cannot_be_loaded(
    folder: Path, target: str, lines: list[str], capfd: Capture
) -> None:
    (folder / "broken.py").write_text("import os\nos.environ.copy()['SECRET']\n")
    (folder / "wrong.py").write_text("import import\n")
    (folder / "unset.py").write_text("from torii_backend import Verifier\nVerifier()\n")
    (folder / "ends.py").write_text("raise BaseException('over')\n")
    (folder / "exits.py").write_text("raise SystemExit('SECRET is not set')\n")
    assert main(["routes", target]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.splitlines()[-len(lines) :] == lines
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "error",
    [
        "OSError('no access to postgres://ada:hunter2@db/shop')",
        "OSError('ada:hunter2@db')",
        "OSError('password=hunter2')",
        "ValueError(\"url: input_value='hunter2 x', input_type=str\")",
    ],
)
def test_what_an_app_raises_is_shown_without_secrets(
    folder: Path, error: str, capfd: Capture
) -> None:
    (folder / "broken.py").write_text(f"raise {error}\n")
    assert main(["routes", "broken:app"]) == 2
    errors = capfd.readouterr().err
    assert errors.startswith(f"broken can't be imported. broken.py:1: {error.partition('(')[0]}: ")
    assert "hunter2" not in errors


def test_an_error_that_only_looks_like_a_secret(folder: Path, capfd: Capture) -> None:
    (folder / "acme_company").mkdir()
    (folder / "acme_company" / "__init__.py").write_text("")
    assert main(["routes", "acme_company.projects.settings_of_shop:app"]) == 2
    assert "No module named 'acme_company.projects'" in capfd.readouterr().err


PRINTS = """
import atexit, os, threading, time
from flask import Flask
app = Flask("x", static_folder=None)

def print_for_ever():
    while True:
        print("thread", flush=True)
        time.sleep(0.001)

threading.Thread(target=print_for_ever, daemon=True).start()
os.system("echo child")
atexit.register(print, "exit")
"""


@pytest.mark.parametrize("command", ["routes", "doctor"])
def test_an_app_prints_nothing_among_the_results(folder: Path, command: str) -> None:
    (folder / "prints.py").write_text(PRINTS)
    run = _run(folder, "prints:app", "--json", command=command)
    assert json.loads(run.stdout)
    for printed in ("thread", "child", "exit"):
        assert printed in run.stderr


def test_an_output_that_is_not_utf_8(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "main.py").write_text(FLASK.replace("/health", "/h\u00e6lth"), "utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert "/h?lth" in _run(folder, "main:app").stdout


def test_an_app_is_needed(capfd: Capture) -> None:
    assert main(["routes"]) == 2
    assert "--settings" in capfd.readouterr().err


def test_an_allow_list_that_is_missing(capfd: Capture) -> None:
    assert main(["routes", "main:app", "--check", "nowhere.txt"]) == 2
    assert capfd.readouterr().err.splitlines()[-1].startswith("The allow list can't be read: ")


DJANGO = {
    "project/__init__.py": "",
    "project/settings.py": """
SECRET_KEY = "x"
USE_TZ = True
ROOT_URLCONF = "project.urls"
MIDDLEWARE = ["torii_backend.django.AuthMiddleware"]
TORII = {"ISSUER": "https://acme.torii.so", "EXEMPT": {"/health": "load balancer"}}
""",
    "project/urls.py": """
from django.http import HttpResponse
from django.urls import path
print("urls")
def view(request):
    return HttpResponse("ok")
urlpatterns = [path("health", view), path("invoices/<int:number>", view)]
""",
    "project/wsgi.py": """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
""",
}


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["--settings", "project.settings"], None),
        ([], "project.settings"),
        (["project.wsgi:application"], "project.settings"),
    ],
)
def test_a_django_project(folder: Path, arguments: list[str], variable: Optional[str]) -> None:
    """In another process, as the settings of Django are set once."""
    pytest.importorskip("django")
    for name, source in DJANGO.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
    run = _run(folder, *arguments, settings=variable)
    assert (run.returncode, run.stderr) == (0, "urls\n")
    states = [line.split()[1:3] for line in run.stdout.splitlines()]
    assert states == [["/health", "exempt"], ["/invoices/<int:number>", "guarded"]]


def test_settings_that_are_not_there(folder: Path) -> None:
    pytest.importorskip("django")
    run = _run(folder, "--settings", "nowhere.settings")
    assert (run.returncode, run.stdout) == (2, "")
    first = "nowhere.settings can't be set up. ModuleNotFoundError: No module named 'nowhere'"
    assert run.stderr.splitlines() == [first, FOLDER]
    token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
    assert "eyJ" not in _run(folder, "--settings", token).stderr


def _run(
    folder: Path, *arguments: str, settings: Optional[str] = None, command: str = "routes"
) -> subprocess.CompletedProcess[str]:
    """Run the command in another process, in this folder."""
    where = elsewhere()
    where["cwd"] = folder
    if settings is not None:
        where["env"]["DJANGO_SETTINGS_MODULE"] = settings
    program = [*PYTHON, "-m", "torii_backend", command, *arguments]
    return subprocess.run(
        program, **where, capture_output=True, check=False, text=True, timeout=WATCHDOG
    )
