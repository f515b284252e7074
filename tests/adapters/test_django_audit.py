"""The audit of routes in Django, REST framework and django-ninja, over routes that are hard to judge."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.test import Client, override_settings
from django.urls import path

from torii_backend.django import AuthMiddleware
from torii_backend.django.routes import routes

from .django_project import MIDDLEWARE, me

pytestmark = pytest.mark.usefixtures("torii")

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
NEEDED = {"django": "django", "drf": "rest_framework", "ninja": "ninja"}


@pytest.fixture(params=NEEDED)
def corpus(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    pytest.importorskip(NEEDED[request.param])
    module = import_module(f"{__package__}.audit_corpus.{request.param}")
    with override_settings(ROOT_URLCONF=module, TEMPLATES=TEMPLATES):
        yield module


def test_no_route_is_wrongly_guarded_and_few_are_needlessly_unknown(corpus: Any) -> None:
    found = {f"{route.method} {route.path}": route.state for route in routes(corpus)}
    assert found.keys() == corpus.TRUTH.keys()
    wrong = {line for line, state in found.items() if state != corpus.TRUTH[line]}
    assert {found[line] for line in wrong} <= {"unknown"}
    assert len(wrong) <= len(found) / 10


def test_each_route_has_its_reason_and_the_place_of_its_view(corpus: Any) -> None:
    found = {f"{route.method} {route.path}": route for route in routes(corpus)}
    assert {line: found[line].detail for line in corpus.DETAILS} == corpus.DETAILS
    places = {route.where.rpartition("/")[2].rpartition(":")[0] for route in found.values()}
    # Views of the frameworks have none.
    assert places == {Path(corpus.__file__).name, ""}


def test_middleware_that_changes_ours_makes_each_route_unknown() -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.Changing"]):
        (route,) = routes((path("me", me),))
    assert route.state == "unknown"
    assert route.detail == f"{__name__}.Changing changes AuthMiddleware"


def test_middleware_inside_ours_may_reroute_an_exempt_path() -> None:
    inside = [MIDDLEWARE, f"{__name__}.Rerouting"]
    torii = {**settings.TORII, "EXEMPT": ["/v1/me"]}
    with override_settings(MIDDLEWARE=inside, TORII=torii, ROOT_URLCONF=(path("me", me),)):
        (route,) = routes()
        assert Client().get("/v1/me").status_code == 200
    assert route.state == "unknown"
    assert route.detail == f"EXEMPT has paths, which {__name__}.Rerouting may change"


def test_what_exempt_names_need_not_be_named_again_if_others_guard_it() -> None:
    torii = {**settings.TORII, "EXEMPT": {"/admin/*": "Django's own sign-in"}}
    patterns = (path("admin/", login_required(me)), path("other", login_required(me)))
    with override_settings(MIDDLEWARE=[MIDDLEWARE], TORII=torii):
        admin, other = routes(patterns)
    assert admin[2:4] == ("exempt", "Django's own sign-in")
    assert other.state == "guarded"


class Rerouting:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        request.path_info = request.path_info.replace("/v1", "")
        return self.get_response(request)


class Changing(AuthMiddleware):
    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)


@pytest.mark.parametrize("middleware", [[], [MIDDLEWARE]])
def test_requests_without_a_token_prove_each_verdict(corpus: Any, middleware: list[str]) -> None:
    with override_settings(MIDDLEWARE=middleware):
        known = [route for route in routes(corpus) if route.state != "unknown"]
        gets = {route.path for route in known if route.method == "GET"}
        for route in known:
            url = corpus.SENT_TO.get(route.path, route.path)
            # If there is a GET, the others are those that the view doesn't name.
            named = "PATCH" if route.path in gets else "GET"
            method = named if route.method == "*" else route.method
            status = Client().generic(method, url).status_code
            if route.state == "guarded":
                assert status in (401, 403), route
            else:
                assert status < 400, route
