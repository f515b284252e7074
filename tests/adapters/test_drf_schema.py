"""The schema that drf-spectacular makes of views with our authentication class, in a new project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.installed import is_left_out

pytestmark = pytest.mark.skipif(
    is_left_out("drf_spectacular"), reason="drf-spectacular is not installed"
)

SETTINGS = """
SECRET_KEY = "for tests alone"
INSTALLED_APPS = ["torii_backend.django", "rest_framework", "drf_spectacular"]
ROOT_URLCONF = "urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
"""
URLS = """
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from torii_backend.drf import RequirePolicy, ToriiAuthentication


class ByHeader(ToriiAuthentication):
    auth_options = {"header": "x-token"}


class Bare(ToriiAuthentication):
    auth_options = {"header": "x-bare", "scheme": None}


class Strict(ToriiAuthentication):
    auth_options = {"required": True, "email_verified": True}


class Me(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        return Response({})


class Policed(Me):
    permission_classes = [RequirePolicy(role="admin", organization="org_1")]


class Open(Me):
    permission_classes = [AllowAny]


def by(*classes):
    return Me.as_view(authentication_classes=classes)


urlpatterns = [
    path("me", Me.as_view()),
    path("policed", Policed.as_view()),
    path("open", Open.as_view()),
    path("strict", by(Strict)),
    path("by-header", by(ByHeader)),
    path("bare", by(Bare)),
    path("two", by(ToriiAuthentication, BasicAuthentication)),
]
"""
COMMAND = ("spectacular", "--fail-on-warn", "--validate", "--format", "openapi-json")
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A Torii access token.",
}


def _schema(folder: Path, settings: str = "", before: str = "") -> dict[str, Any]:
    """Let `manage.py spectacular` make the schema. Nothing may be warned of."""
    (folder / "settings.py").write_text(SETTINGS + settings, "utf-8")
    (folder / "urls.py").write_text(before + URLS, "utf-8")
    path = [str(folder), *(entry for entry in sys.path if entry)]
    environ = {name: value for name, value in os.environ.items() if name != "TORII_ISSUER"}
    finished = subprocess.run(
        [sys.executable, "-m", "django", *COMMAND],
        cwd=folder,
        env={
            **environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONSAFEPATH": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    schema: dict[str, Any] = json.loads(finished.stdout)
    return schema


def test_the_schema_says_how_to_sign_in(tmp_path: Path) -> None:
    schema = _schema(tmp_path)
    security = {path: each["get"]["security"] for path, each in schema["paths"].items()}
    assert security == {
        "/me": [{"Torii": []}],
        "/policed": [{"Torii": []}],
        "/open": [{"Torii": []}, {}],
        "/strict": [{"Torii": []}],
        "/by-header": [{"Torii-X-Token": []}],
        "/bare": [{"Torii-X-Bare": []}],
        "/two": [{"Torii": []}, {"basicAuth": []}],
    }
    place = {"type": "apiKey", "in": "header"}
    with_scheme = "The word Bearer, a space and a Torii access token."
    assert schema["components"]["securitySchemes"] == {
        "Torii": BEARER,
        "Torii-X-Bare": {**place, "name": "X-Bare", "description": "A Torii access token."},
        "Torii-X-Token": {**place, "name": "X-Token", "description": with_scheme},
        "basicAuth": {"type": "http", "scheme": "basic"},
    }


def test_the_header_may_be_in_the_settings(tmp_path: Path) -> None:
    settings = 'TORII = {"ISSUER": "https://acme.torii.so", "HEADER": "X-Access"}\n'
    schemes = _schema(tmp_path, settings)["components"]["securitySchemes"]
    assert schemes["Torii-X-Access"]["name"] == "X-Access"
    assert schemes.keys() == {"Torii-X-Access", "Torii-X-Token", "Torii-X-Bare", "basicAuth"}


def test_a_project_without_our_app_imports_it_itself(tmp_path: Path) -> None:
    settings = 'INSTALLED_APPS = ["rest_framework", "drf_spectacular"]\n'
    schema = _schema(tmp_path, settings, "import torii_backend.drf.schema\n")
    assert schema["components"]["securitySchemes"]["Torii"] == BEARER
