"""The script of docs/pages.md starts a session of Django, and the page of another site can't."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port
from torii_backend.emulator import Emulator

from .server import ROOT, running
from .site import website

if TYPE_CHECKING:
    from .conftest import Windows

SCRIPT = re.compile(r"```js\n(async function startSession.*?)```", re.DOTALL)
SETTINGS = """
import os
from pathlib import Path

SECRET_KEY = "for tests alone"
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).with_name("db.sqlite3"),
    }
}
INSTALLED_APPS = [
    "torii_backend.django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "urls.let_every_origin_read",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
AUTHENTICATION_BACKENDS = ["torii_backend.django.sessions.ToriiBackend"]
ROOT_URLCONF = "urls"
USE_TZ = True
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
TORII = {"ISSUER": os.environ["TORII_ISSUER"], "USER_RESOLVER": "urls.find_user"}
"""
URLS = """
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path

from torii_backend.django.sessions import session_view


def let_every_origin_read(get_response):
    # The CORS settings of a careless project.
    def respond(request):
        preflight = "Access-Control-Request-Method" in request.headers
        response = HttpResponse() if preflight else get_response(request)
        if "Origin" in request.headers:
            response["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response["Access-Control-Allow-Credentials"] = "true"
            response["Access-Control-Allow-Headers"] = "authorization"
        return response

    return respond


def find_user(auth):
    user, _ = User.objects.get_or_create(username=auth.user_id)
    return user


@login_required
def orders(request):
    return HttpResponse(f"Orders of {request.user.username}")


def sign_in(request):
    return HttpResponse("Sign in")


urlpatterns = [
    path("orders", orders),
    path("sign-in", sign_in),
    path("session", session_view()),
]
"""
POST = """
([url, token]) => fetch(url, {
  method: "POST",
  headers: { Authorization: `Bearer ${token}` },
  credentials: "include",
}).then(async (response) => [response.status, await response.text()])
"""


def test_only_the_own_page_starts_a_session(
    windows: Windows, torii: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "settings.py").write_text(SETTINGS, "utf-8")
    (tmp_path / "urls.py").write_text(URLS, "utf-8")
    found = SCRIPT.search((ROOT / "docs" / "pages.md").read_text("utf-8"))
    assert found is not None
    port = free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)]),
        "TORII_ISSUER": torii.issuer,
    }
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env={**os.environ, **variables, "PYTHONSAFEPATH": "1"},
        check=True,
    )
    own = f"http://127.0.0.1:{port}"
    command = ["django", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
    with running(command, port, variables), website() as other_port:
        page = windows.open()
        # Another port: the same site for cookies, and another origin.
        page.goto(f"http://127.0.0.1:{other_port}/")
        attacker = torii.issue_token(user_id="attacker").access_token
        status, body = page.evaluate(POST, [f"{own}/session", attacker])
        assert (status, "another site" in body) == (403, True)
        assert page.context.cookies() == []

        page.goto(f"{own}/orders")
        assert page.url == f"{own}/sign-in?next=/orders"
        page.add_script_tag(content=found[1])
        token = torii.issue_token(user_id="ada").access_token
        with page.expect_navigation():
            page.evaluate("token => { startSession(token); }", token)
        assert page.url == f"{own}/orders"
        assert page.text_content("body") == "Orders of ada"
