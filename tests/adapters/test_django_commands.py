"""The commands of `manage.py`, in the way that a project runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import path

from torii_backend.django import public, require_auth

from .django_project import me

urlpatterns = [
    path("me", require_auth(role="admin", any_organization=True)(me)),
    path("open", me),
    path("prices", public(reason="price list")(me)),
]


def _listed(**options: Any) -> tuple[list[str], int]:
    """Run `torii_routes`. Return its lines without the place of the view, and the exit code."""
    output, code = StringIO(), 0
    try:
        with override_settings(ROOT_URLCONF=__name__):
            call_command("torii_routes", stdout=output, stderr=StringIO(), **options)
    except SystemExit as error:
        code = int(error.code or 0)
    return output.getvalue().splitlines(), code


@pytest.mark.usefixtures("torii")
def test_routes_are_listed_and_an_open_one_is_a_finding() -> None:
    lines, code = _listed()
    assert [line.split()[:3] for line in lines] == [
        ["*", "/me", "guarded"],
        ["*", "/open", "open"],
        ["*", "/prices", "public"],
    ]
    assert "price list" in lines[2]
    assert code == 1


@pytest.mark.usefixtures("torii")
def test_an_allow_list_is_obeyed(tmp_path: Path) -> None:
    allowed = tmp_path / "open.txt"
    allowed.write_text("/open  # a test\n", "utf-8")
    assert _listed(check=str(allowed)) == ([], 0)
    allowed.write_text("/me\n", "utf-8")
    lines, code = _listed(check=str(allowed))
    assert ["/open" in lines[0], code] == [True, 1]


@pytest.mark.usefixtures("torii")
def test_json_has_the_routes() -> None:
    lines, _ = _listed(json=True, open=True)
    document = json.loads("\n".join(lines))
    assert [route["path"] for route in document["routes"]] == ["/open", "/prices"]


def test_a_wrong_setting_is_no_finding(torii: dict[str, Any]) -> None:
    torii["LEEWAY"] = "long"
    with pytest.raises(CommandError, match="leeway") as raised:
        _listed()
    assert raised.value.returncode == 2


MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(
    INSTALLED_APPS=["torii_backend.django"],
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
    ROOT_URLCONF="urls",
    TORII={"ISSUER": "https://acme.torii.so"},
)
execute_from_command_line(sys.argv)
"""
URLS = """
from django.urls import path
from ninja import NinjaAPI
from rest_framework.decorators import api_view

api = NinjaAPI(openapi_url=None)


@api.get("/operation")
def operation(request):
    return "in"


@api_view(["GET"])
def view(request):
    return None


urlpatterns = [path("view", view), path("", api.urls)]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    pytest.importorskip("rest_framework")
    pytest.importorskip("ninja")
    (tmp_path / "manage.py").write_text(MANAGE, "utf-8")
    (tmp_path / "urls.py").write_text(URLS, "utf-8")
    return tmp_path


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        capture_output=True,
        check=False,
        text=True,
    )


def test_a_fresh_project_is_told_which_adapters_it_does_not_import(project: Path) -> None:
    listed = _run(project, "torii_routes")
    # The root of the API, which is for `reverse()` alone, is a view of django-ninja as well.
    assert [line.split()[1:6] for line in listed.stdout.splitlines()] == [
        ["/", "unknown", "torii_backend.ninja", "isn't", "imported"],
        ["/operation", "unknown", "torii_backend.ninja", "isn't", "imported"],
        ["/view", "unknown", "torii_backend.drf", "isn't", "imported"],
    ]
    assert listed.returncode == 1
    assert listed.stderr.startswith("3 of 3 routes must be guarded")


USERS = """
from django.contrib import admin
from django.contrib.auth.mixins import LoginRequiredMixin
from django.urls import path
from django.views import View
from torii_backend.django import require_auth
from django.utils.decorators import method_decorator


class Own:
    def dispatch(self, request):
        return None


class SignedIn(LoginRequiredMixin, View):
    def get(self, request):
        return None


class Hidden(LoginRequiredMixin, Own, View):
    get = method_decorator(require_auth)(SignedIn.get)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("signed-in", SignedIn.as_view()),
    path("hidden", Hidden.as_view()),
]
"""


def test_what_asks_the_users_of_django_is_unknown(project: Path) -> None:
    """In a process of its own, because their models stay imported."""
    apps = [f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages")]
    manage = MANAGE.replace('["torii_backend.django"]', repr(["torii_backend.django", *apps]))
    (project / "manage.py").write_text(manage, "utf-8")
    (project / "urls.py").write_text(USERS, "utf-8")
    listed = json.loads(_run(project, "torii_routes", "--json").stdout)["routes"]
    details = {route["path"]: route["detail"] for route in listed if route["state"] == "unknown"}
    assert details["/admin/"] == "django.contrib.admin"
    assert details["/admin/auth/user/<id>/password/"] == "django.contrib.admin"
    assert details["/signed-in"] == "LoginRequiredMixin"
    assert details["/hidden"] == "LoginRequiredMixin, dispatch of Own"
    assert {route["path"] for route in listed} - details.keys() == {"/admin/login/"}


SIGN_IN_OF_DJANGO = """
from django.contrib.auth.decorators import login_not_required
from django.urls import path


def view(request):
    return None


urlpatterns = [
    path("required", view),
    path("open", login_not_required(lambda request: None)),
]
"""


@pytest.mark.skipif(django.VERSION < (5, 1), reason="newer versions of Django")
def test_sign_in_of_django_for_each_view_is_not_open(project: Path) -> None:
    apps = ["torii_backend.django", "django.contrib.auth", "django.contrib.contenttypes"]
    middleware = ["django.contrib.auth.middleware.LoginRequiredMiddleware"]
    manage = MANAGE.replace('["torii_backend.django"]', f"{apps}, MIDDLEWARE={middleware}")
    (project / "manage.py").write_text(manage, "utf-8")
    (project / "urls.py").write_text(SIGN_IN_OF_DJANGO, "utf-8")
    listed = json.loads(_run(project, "torii_routes", "--json").stdout)["routes"]
    assert [(route["path"], route["state"], route["detail"]) for route in listed] == [
        ("/open", "open", ""),
        ("/required", "unknown", "LoginRequiredMiddleware"),
    ]


def test_the_doctor_looks_at_the_project(project: Path, issuer: str) -> None:
    manage = project / "manage.py"
    manage.write_text(MANAGE.replace("https://acme.torii.so", issuer), "utf-8")
    # The tenant host itself responds as a proxy in front of it would.
    done = _run(project, "torii_doctor", "--json", "--origin", issuer)
    found = {each["id"]: each["status"] for each in json.loads(done.stdout)["findings"]}
    assert found["proxy.response"] == "ok"
    assert (found["app.framework"], found["app.settings"], found["issuer.tcp"]) == ("ok",) * 3
    assert found["app.routes"] == "warning"
    assert done.stderr == ""


def test_the_doctor_refuses_an_origin_that_is_not_valid(project: Path) -> None:
    done = _run(project, "torii_doctor", "--origin", "http://app.example")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--origin must use https" in done.stderr
