"""Apps on disk that don't start, are open, or have their middleware in the wrong order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from textwrap import dedent
from threading import Event
from typing import Any, Callable

import pytest

from tests.cli.shell import PYTHON, elsewhere
from tests.emulator.conftest import WATCHDOG
from torii_backend.cli.doctor.checks import run_checks
from torii_backend.cli.doctor.finding import Finding
from torii_backend.cli.load_app import load_app

from .conftest import NOWHERE, Diagnose, Diagnosis

Written = Callable[..., Callable[[], Any]]
FLASK = f"""
    from flask import Flask
    from torii_backend.flask import Torii, require_auth
    app = Flask(__name__)
    app.config["TORII_ISSUER"] = {NOWHERE!r}
"""
FASTAPI = f"""
    from fastapi import FastAPI
    from starlette.middleware.cors import CORSMiddleware
    from torii_backend.asgi import AuthMiddleware
    app = FastAPI()
    guard = lambda: app.add_middleware(AuthMiddleware, issuer={NOWHERE!r})
    cors = lambda: app.add_middleware(CORSMiddleware, allow_origins=["*"])
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Write a module, and return what loads its app."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(*texts: str, target: str = "doctor_app:app") -> Callable[[], Any]:
        text = "".join(map(dedent, texts))
        (tmp_path / "doctor_app.py").write_text(text, "utf-8")
        monkeypatch.setitem(sys.modules, "doctor_app", None)
        del sys.modules["doctor_app"]
        return partial(load_app, target)

    return write


def test_a_good_app(diagnose: Diagnose, written: Written) -> None:
    found = diagnose(written(FLASK, "Torii(app)"))
    assert found.has("ok", "app.routes", "Routes: 1 guarded.")
    assert found.has("ok", "app.issuer", NOWHERE)
    assert found.has("ok", "settings.issuer", f"{NOWHERE} (from your application)")
    assert found.has("ok", "app.middleware")
    assert found.has("unknown", "app.drf", "does not use REST framework")
    assert found.has("failed", "issuer.tcp", "refused")


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", "doctor_app", "module:attribute"),
        ("", "doctor_app:app", "no app"),
        ("import hunter3", "doctor_app:app", "No module named 'hunter3'"),
        ("raise OSError('postgres://ada:hunter2@db')", "doctor_app:app", "OSError: <URL>"),
        ("raise OSError('password=hunter2')", "doctor_app:app", "password=<secret>"),
        ("import sys; sys.exit('sk_live_hunter2')", "doctor_app:app", "SystemExit: sk_…"),
        ("def app(): return 1 / 0", "doctor_app:app()", "app() failed"),
    ],
)
def test_an_app_that_does_not_start(
    diagnose: Diagnose, written: Written, text: str, target: str, words: str
) -> None:
    found = diagnose(written(text, target=target))
    assert found.has("failed", "app.import", words)
    assert found.has("unknown", "app.routes", "because app.import failed")


def test_an_app_that_takes_for_ever_to_start(diagnose: Diagnose) -> None:
    ended = Event()
    try:
        found = diagnose(ended.wait, seconds=0.5)
    finally:
        ended.set()
    assert found.has("unknown", "app.import", "because the time was up")
    assert found.has("failed", "settings.issuer")


def test_something_else_than_an_app(diagnose: Diagnose, written: Written) -> None:
    assert diagnose(written("app = 1")).has("failed", "app.framework", "A int is not an app")


def test_guards_that_can_not_start(diagnose: Diagnose, written: Written) -> None:
    text = "app.config['TORII_ISSUER'] = 'http://acme.torii.so'"
    assert diagnose(written(FLASK, text)).has("warning", "app.settings", "issuer must use https")


def test_another_issuer_than_that_of_the_environment(
    diagnose: Diagnose, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", "http://127.0.0.1:2")
    for app in (written(FLASK, "Torii(app)"), written(FASTAPI, "guard()")):
        found = diagnose(app)
        assert found.has("warning", "app.issuer", f"trusts {NOWHERE}, which")
        assert found.has("ok", "settings.issuer", f"{NOWHERE}, http://127.0.0.1:2")


def test_an_app_without_any_guard(diagnose: Diagnose, written: Written) -> None:
    assert diagnose(written(FLASK)).has("failed", "app.routes", "No route of the app")
    nothing = written("from starlette.applications import Starlette\napp = Starlette()")
    assert diagnose(nothing).has("unknown", "app.routes", "no routes")


def test_open_routes(diagnose: Diagnose, written: Written) -> None:
    text = """
        app.get("/me")(require_auth(lambda: ""))
        for path in "abc":
            app.get(f"/{path}", endpoint=path)(lambda: "")
    """
    found = diagnose(written(FLASK, text))
    assert found.has("warning", "app.routes", "1 guarded, 4 open; ")
    assert found.has("warning", "app.routes", " and 1 more.")


def test_a_guard_with_a_wrong_option(diagnose: Diagnose, written: Written) -> None:
    wrong = "app.add_middleware(AuthMiddleware, issuer='acme.torii.so')"
    assert diagnose(written(FASTAPI, wrong)).has("failed", "app.routes", "issuer must be")


@pytest.mark.parametrize(
    ("text", "status"),
    [("cors(); guard()", "warning"), ("guard(); cors()", "ok"), ("guard()", "ok")],
)
def test_cors_inside_the_guard_of_starlette(
    diagnose: Diagnose, written: Written, text: str, status: str
) -> None:
    assert diagnose(written(FASTAPI, text)).has(status, "app.middleware")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (f"app.wsgi_app = AuthMiddleware(app.wsgi_app, issuer={NOWHERE!r})", "warning"),
        ("Torii(app)", "ok"),
    ],
)
def test_flask_cors_inside_our_wsgi_middleware(
    diagnose: Diagnose, written: Written, text: str, status: str
) -> None:
    cors = """
        from torii_backend.wsgi import AuthMiddleware
        def add_headers(response): return response
        add_headers.__module__ = "flask_cors.extension"  # as Flask-CORS registers it
        app.after_request(add_headers)
    """
    assert diagnose(written(FLASK, cors, text)).has(status, "app.middleware")


URLS = """
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("me", lambda request: HttpResponse())]
"""
SETTINGS = f"""
    ROOT_URLCONF = "shop_urls"
    USE_TZ = True
    INSTALLED_APPS = [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "torii_backend.django",
        "rest_framework",
    ]
    TORII = {{"ISSUER": {NOWHERE!r}}}
    MIDDLEWARE = ["torii_backend.django.AuthMiddleware"]
    REST_FRAMEWORK = {{"UNAUTHENTICATED_USER": None}}
"""
DJANGO_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
DRF = "REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES'] ="
BASIC, OURS = (
    "rest_framework.authentication.BasicAuthentication",
    "torii_backend.drf.ToriiAuthentication",
)


@pytest.mark.parametrize(
    ("text", "check", "status", "words"),
    [
        (f"{DRF} [{OURS!r}, {BASIC!r}]", "app.drf", "ok", "first"),
        (f"{DRF} [{BASIC!r}, {OURS!r}]", "app.drf", "warning", "BasicAuthentication comes before"),
        ("", "app.drf", "ok", "not among"),
        ("TORII['LEEWAY'] = 'a'", "app.settings", "failed", "leeway must be"),
        ("TORII['POLICY'] = 'shop_urls.gone'", "app.settings", "failed", "could not be imported"),
        (
            f"TORII['USER_RESOLVER'] = 'builtins.len'; MIDDLEWARE.append({DJANGO_AUTH!r})",
            "app.middleware",
            "warning",
            "replaces the request.user",
        ),
        ("MIDDLEWARE.clear()", "app.routes", "failed", "1 open"),
        ("import hunter3", "app.import", "failed", "No module named 'hunter3'"),
    ],
)
def test_a_django_project(tmp_path: Path, text: str, check: str, status: str, words: str) -> None:
    """In a process of its own, as Django can be set up once."""
    pytest.importorskip("rest_framework")
    (tmp_path / "shop_urls.py").write_text(dedent(URLS), "utf-8")
    (tmp_path / "shop_settings.py").write_text(dedent(SETTINGS) + text, "utf-8")
    command = [*PYTHON, "-m", "torii_backend", "doctor", "--settings", "shop_settings", "--json"]
    options = {**elsewhere(), "cwd": tmp_path}
    done = subprocess.run(
        command, **options, capture_output=True, check=False, text=True, timeout=WATCHDOG
    )
    assert (done.returncode, done.stderr) == (1, "")
    findings = [Finding(**each) for each in json.loads(done.stdout)["findings"]]
    assert Diagnosis((each.id, each) for each in findings).has(status, check, words)


def test_what_the_app_prints_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("print('hunter')\napp = 1\n", "utf-8")
    command = [*PYTHON, "-m", "torii_backend", "doctor", "shop:app", "--json"]
    options = {**elsewhere(), "cwd": tmp_path}
    done = subprocess.run(
        command, **options, capture_output=True, check=False, text=True, timeout=WATCHDOG
    )
    assert (done.returncode, done.stderr) == (1, "hunter\n")
    assert json.loads(done.stdout)["status"] == "failed"


def test_it_never_calls_the_app(written: Written) -> None:
    app = written("def app(environ, start_response): raise SystemExit")
    assert "failed" in {each.status for each in run_checks(app) if each.id == "app.framework"}
    assert "DJANGO_SETTINGS_MODULE" not in os.environ
