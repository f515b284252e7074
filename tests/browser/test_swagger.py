"""Swagger UI of drf-spectacular lets people sign in by a token, and uses it. All its files are local."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port
from torii_backend.emulator import Emulator

from .server import running

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETTINGS = """
import os

DEBUG = True  # `runserver` then serves the files of Swagger UI
SECRET_KEY = "for tests alone"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "torii_backend.django",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = []
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["torii_backend.drf.ToriiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
TORII = {"ISSUER": os.environ["TORII_ISSUER"]}
"""
URLS = """
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        return Response({"user_id": request.auth.user_id})


urlpatterns = [
    path("me", Me.as_view()),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema")),
]
"""


def test_people_can_authorize_and_call(page: Page, torii: Emulator, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    (tmp_path / "settings.py").write_text(SETTINGS, "utf-8")
    (tmp_path / "urls.py").write_text(URLS, "utf-8")
    port = free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)]),
        "TORII_ISSUER": torii.issuer,
    }
    command = ["django", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
    with running(command, port, variables):
        page.goto(f"http://127.0.0.1:{port}/docs")
        page.get_by_role("button", name="Authorize").first.click()
        dialog = page.locator(".dialog-ux")
        expect(dialog).to_contain_text("Torii (http, Bearer)")
        dialog.get_by_role("textbox").fill(torii.issue_token(user_id="user_ada").access_token)
        dialog.get_by_role("button", name="Apply credentials").click()
        dialog.get_by_role("button", name="Close").first.click()
        page.locator(".opblock-summary", has_text="/me").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table")).to_contain_text('"user_id": "user_ada"')
