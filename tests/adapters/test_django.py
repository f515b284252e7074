"""Middleware and decorators in Django: what the contract does not cover."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import django
import pytest
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.utils.decorators import method_decorator
from django.views import View

import torii_backend
from torii_backend import ConfigurationError, ToriiAuthError, current_auth
from torii_backend.django import AuthMiddleware, optional_auth, require_auth

from .behaviours.preflight import PREFLIGHT
from .django_project import (
    BOTH,
    MIDDLEWARE,
    AsyncMeView,
    MeView,
    asgi_handler,
    ask,
    ask_async,
    async_me,
    me,
    view,
    wsgi_handler,
)
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import REFUSALS
from .transport import call_asgi, call_wsgi

# The subprocess imports the package from the same place.
HOME = Path(torii_backend.__file__).parents[1]


def _class_view(base: type[View], where: str, decorate: Any) -> Any:
    """Guard what `as_view()` returns, or one of the methods."""
    if where == "as_view":
        return decorate(base.as_view())
    copy: Any = type("Copy", (base,), {"get": base.get})  # type: ignore[attr-defined]
    return method_decorator(decorate, name=where)(copy).as_view()


# Before Django 6.0, View takes a decorated async method for a sync one.
_ASYNC_PLACES = ["as_view", "dispatch", *(["get"] if django.VERSION >= (6, 0) else [])]
_PLACES = ["function", "as_view", "dispatch", "get"]
_REQUIRED = [require_auth, require_auth(), require_auth(leeway=1)]
_OPTIONAL = [optional_auth, optional_auth(), optional_auth(leeway=1), require_auth(required=False)]


def _guarded_pairs(place: str, decorate: Any) -> list[tuple[Any, Any]]:
    """Return a sync and an async view that are guarded at this place, and how to call each."""
    if place == "function":
        return [(ask, decorate(me)), (ask_async, decorate(async_me))]
    pairs = [(ask, _class_view(MeView, place, decorate))]
    if place in _ASYNC_PLACES:
        pairs.append((ask_async, _class_view(AsyncMeView, place, decorate)))
    return pairs


@pytest.mark.parametrize("decorate", _REQUIRED)
@pytest.mark.parametrize("place", _PLACES)
def test_a_view_may_require_sign_in(
    torii: dict[str, Any], issuers: Issuers, decorate: Any, place: str
) -> None:
    for ask_it, guarded in _guarded_pairs(place, decorate):
        assert ask_it(guarded, bearer(issuers.token())).json() == {"user_id": "ada"}
        refused = ask_it(guarded, Request())
        assert (refused.status, refused.body) == (401, REFUSALS["no_credentials"].body)


@pytest.mark.parametrize("decorate", _OPTIONAL)
@pytest.mark.parametrize("place", _PLACES)
def test_sign_in_may_be_optional_for_a_view(
    torii: dict[str, Any], issuers: Issuers, decorate: Any, place: str
) -> None:
    expired = bearer(issuers.token(expires_in=-3600))
    for ask_it, guarded in _guarded_pairs(place, decorate):
        assert ask_it(guarded, Request()).json() == {"user_id": None}
        assert ask_it(guarded, bearer(issuers.token())).json() == {"user_id": "ada"}
        assert ask_it(guarded, expired).body == REFUSALS["expired"].body


def test_optional_sign_in_keeps_the_policy_for_users(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    guarded = optional_auth(role="admin")(me)
    assert ask(guarded, Request()).json() == {"user_id": None}
    assert ask(guarded, bearer(issuers.token())).body == REFUSALS["role"].body


@pytest.mark.parametrize("required", [True, False])
def test_optional_auth_rejects_the_keyword_required(required: bool) -> None:
    with pytest.raises(TypeError, match="required"):
        optional_auth(required=required)  # type: ignore[call-overload]


def test_keywords_override_the_settings(issuers: Issuers) -> None:
    guarded = require_auth(issuer=issuers.home.issuer)(me)
    good = bearer(issuers.token())
    assert ask(guarded, good, TORII={"ISSUER": issuers.other.issuer}).status == 200
    assert ask(guarded, good, TORII={"HEADER": "x-token"}).status == 401


def test_a_decorated_view_follows_override_settings(issuers: Issuers) -> None:
    guarded = require_auth(me)
    good = bearer(issuers.token())
    for _ in range(2):
        assert ask(guarded, good, TORII={"ISSUER": issuers.home.issuer}).status == 200
        assert ask(guarded, good, TORII={"ISSUER": issuers.other.issuer}).status == 401


def test_a_decorated_view_follows_the_environment(
    issuers: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test suite may start an emulator for each test."""
    guarded = require_auth(me)
    for emulator, status in ((issuers.home, 200), (issuers.other, 401), (issuers.home, 200)):
        monkeypatch.setenv("TORII_ISSUER", emulator.issuer)
        assert ask(guarded, bearer(issuers.token())).status == status
    monkeypatch.delenv("TORII_ISSUER")
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        guarded(request)


def test_decorators_ignore_required_and_exempt_of_the_settings(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    torii.update(REQUIRED=False, EXEMPT=["/me"])
    for guarded in (require_auth(me), require_auth(leeway=1)(me)):
        assert ask(guarded, Request(), MIDDLEWARE=[MIDDLEWARE]).status == 401
        good = bearer(issuers.token())
        assert ask(guarded, good, MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": "ada"}
    assert ask(me, Request(), MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": None}


def test_an_auth_that_another_middleware_set_is_not_trusted(torii: dict[str, Any]) -> None:
    request = RequestFactory().get("/me")
    request.auth = "root"  # type: ignore[attr-defined]
    assert require_auth(me)(request).status_code == 401


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_a_bare_guard_inside_another_enforces_the_policy_of_the_project(
    torii: dict[str, Any], issuers: Issuers, settings: dict[str, Any]
) -> None:
    """The other guard may have required less."""
    torii.update(ROLE="admin", EXEMPT=["/me"])
    admin = bearer(issuers.token(org_id="org_1", org_role="admin"))
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    for ask_it, each in BOTH:
        guarded = require_auth(role={"admin", "member"})(require_auth(each))
        assert ask_it(guarded, member, **settings).body == REFUSALS["role"].body
        assert ask_it(guarded, admin, **settings).json() == {"user_id": "ada"}


def test_a_bare_guard_inside_another_trusts_the_issuer_of_the_project(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    guarded = require_auth(issuer=issuers.other.issuer)(require_auth(me))
    foreign = bearer(issuers.other.issue_token(user_id="grace").access_token)
    assert ask(guarded, foreign).body == REFUSALS["wrong_issuer"].body


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_the_view_sees_the_auth_of_the_innermost_guard(
    torii: dict[str, Any], issuers: Issuers, settings: dict[str, Any]
) -> None:
    other = require_auth(issuer=issuers.other.issuer, header="x-other")
    foreign = issuers.other.issue_token(user_id="grace").access_token
    home = ("Authorization", f"Bearer {issuers.token()}")
    two_tokens = Request(headers=(home, ("X-Other", f"Bearer {foreign}")))
    for ask_it, each in BOTH:
        assert ask_it(other(require_auth(each)), two_tokens, **settings).json() == {
            "user_id": "ada"
        }
        assert ask_it(require_auth(other(each)), two_tokens, **settings).json() == {
            "user_id": "grace"
        }


_MOUNTED_AT_ME = [
    ({}, 401),
    ({"ROOT_PATH": "/app"}, 401),
    ({"ROOT_PATH": "/me"}, 200),
    ({"ROOT_PATH": "/me/"}, 200),
    ({"EXEMPT": ["/public/*", "/me/public/*"]}, 200),
]


@pytest.mark.parametrize(("configured", "status"), _MOUNTED_AT_ME)
def test_a_mount_point_of_the_server_opens_a_path_only_if_it_is_declared(
    issuer: str, configured: dict[str, Any], status: int
) -> None:
    torii = {"ISSUER": issuer, "EXEMPT": ["/public/*"], **configured}
    responses = _served_at("/me", "/me/public/x", TORII=torii, MIDDLEWARE=[MIDDLEWARE])
    assert [response.status for response in responses] == [status, status]


def _path_info(request: HttpRequest) -> HttpResponse:
    """Respond with the path that Django routes by."""
    return HttpResponse(request.path_info)


def _served_at(mount: str, target: str, **overrides: Any) -> list[Response]:
    """Send a request under both protocols to a project that is mounted below a path."""
    request = Request(target)
    responses = []
    with override_settings(**overrides):
        below = request._replace(target=target[len(mount) :]) if mount else request
        environ = {"SCRIPT_NAME": mount, "RAW_URI": target}
        responses.append(call_wsgi(wsgi_handler(_path_info), below, **environ))

        async def mounted(scope: Any, receive: Any, send: Any) -> None:
            handler: Any = asgi_handler(_path_info)
            await handler({**scope, "root_path": mount}, receive, send)

        responses.append(asyncio.run(call_asgi(mounted, request)))
    return responses


_FORCED = [(None, "/app"), ("/app", ""), ("/app/", ""), ("/app", "/app"), (None, "")]


@pytest.mark.parametrize(("forced", "mount"), _FORCED)
def test_exempt_paths_match_the_path_that_django_routes_by(
    issuer: str, forced: Optional[str], mount: str
) -> None:
    """It is the path below the mount point, which comes from the server or FORCE_SCRIPT_NAME."""
    everything: dict[str, Any] = {"ISSUER": issuer, "EXEMPT": [lambda _: True]}
    exempt = {**everything, "EXEMPT": ["/health", "/public/*"], "ROOT_PATH": "/app"}
    shared = {"FORCE_SCRIPT_NAME": forced, "MIDDLEWARE": [MIDDLEWARE]}
    for path in ("/health", "/public/x", "/me", "/app/health", "/publicity"):
        target = mount + path
        routed = [
            response.body for response in _served_at(mount, target, TORII=everything, **shared)
        ]
        responses = _served_at(mount, target, TORII=exempt, **shared)
        for path_info, response in zip(routed, responses):
            assert response.status == (200 if path_info in (b"/health", b"/public/x") else 401), (
                target
            )


@pytest.mark.skipif(
    django.VERSION < (5, 0), reason="Django 4.2 routes by root_path alone, under ASGI"
)
def test_a_forced_mount_point_does_not_match_an_exempt_prefix(issuer: str) -> None:
    torii = {"ISSUER": issuer, "EXEMPT": ["/public/*"]}
    settings = {"FORCE_SCRIPT_NAME": "/public", "MIDDLEWARE": [MIDDLEWARE], "TORII": torii}
    handler = asgi_handler(_path_info, **settings)
    with override_settings(**settings):
        assert asyncio.run(call_asgi(handler, Request("/public/plain"))).status == 401
        opened = asyncio.run(call_asgi(handler, Request("/public/public/x")))
    assert (opened.status, opened.body) == (200, b"/public/x")


def overriding(get_response: Any) -> Any:
    """A method-override middleware."""

    def middleware(request: HttpRequest) -> Any:
        request.method = request.headers.get("X-HTTP-Method-Override", request.method)
        return get_response(request)

    return middleware


def test_a_preflight_request_with_an_overridden_method_is_not_a_preflight(
    torii: dict[str, Any],
) -> None:
    override = ("X-HTTP-Method-Override", "DELETE")
    overridden = PREFLIGHT._replace(headers=(*PREFLIGHT.headers, override))
    alone = {"MIDDLEWARE": [f"{__name__}.overriding"]}
    before = {"MIDDLEWARE": [f"{__name__}.overriding", MIDDLEWARE]}
    for ask_it, each in BOTH:
        assert ask_it(each, PREFLIGHT, **before).json() == {"user_id": None}
        assert ask_it(each, overridden, **before).body == REFUSALS["no_credentials"].body
        assert ask_it(require_auth(each), PREFLIGHT, **alone).json() == {"user_id": None}
        assert ask_it(require_auth(each), overridden, **alone).status == 401


def test_async_guards_stay_on_the_event_loop(torii: dict[str, Any], issuers: Issuers) -> None:
    threads: list[int] = []

    async def note(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return await async_me(request)

    def heard(refusal: ToriiAuthError) -> None:
        threads.append(threading.get_ident())

    torii["ON_ERROR"] = heard
    good = bearer(issuers.token())
    assert ask_async(note, good, MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": "ada"}
    assert ask_async(note, Request(), MIDDLEWARE=[MIDDLEWARE]).status == 401
    assert ask_async(require_auth(note), good).status == 200
    assert ask_async(require_auth(note), Request()).status == 401
    assert threads == [threading.get_ident()] * 4


@pytest.mark.parametrize(("ask_it", "view"), [(ask_async, me), (ask, async_me)])
def test_the_middleware_guards_views_of_the_other_kind(
    torii: dict[str, Any], issuers: Issuers, ask_it: Any, view: Any
) -> None:
    good = bearer(issuers.token())
    assert ask_it(view, good, MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": "ada"}


def test_the_middleware_works_with_request_factories(torii: dict[str, Any]) -> None:
    assert AuthMiddleware(view)(RequestFactory().get("/me")).status_code == 401  # type: ignore[union-attr]
    response = AuthMiddleware(async_me)(AsyncRequestFactory().get("/me"))
    assert asyncio.run(response).status_code == 401  # type: ignore[arg-type]


def test_a_class_based_view_does_not_grow_with_its_requests(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    """Django applies the decorator of a method anew for each request."""
    guarded = _class_view(MeView, "dispatch", require_auth)
    good = bearer(issuers.token())
    ask(guarded, good)
    before = len(setting_changed.receivers)
    for _ in range(3):
        assert ask(guarded, good).status == 200
    assert len(setting_changed.receivers) == before


def test_the_view_keeps_its_name_marks_and_arguments(issuers: Issuers) -> None:
    def marked(request: HttpRequest, number: int) -> JsonResponse:
        assert me(request).content == b'{"user_id": "ada"}'
        return JsonResponse({"number": number})

    marked.csrf_exempt = True  # type: ignore[attr-defined]
    guarded = require_auth(issuer=issuers.home.issuer)(marked)
    assert guarded.__name__ == "marked"
    assert guarded.csrf_exempt is True  # type: ignore[attr-defined]
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    assert guarded(request, number=7).content == b'{"number": 7}'


def test_an_abandoned_stream_leaves_no_current_auth(issuers: Issuers) -> None:
    def names(request: HttpRequest) -> StreamingHttpResponse:
        def chunks() -> Iterator[str]:
            for _ in range(3):
                auth = current_auth()
                assert auth is not None
                yield auth.user_id

        return StreamingHttpResponse(chunks())

    guarded = require_auth(issuer=issuers.home.issuer)(names)
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    response = guarded(request)
    assert next(iter(response)) == b"ada"
    with pytest.raises(ConfigurationError):
        current_auth()
    response.close()


def test_the_adapters_of_other_packages_are_not_imported() -> None:
    program = "import sys, torii_backend.django; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    printed = subprocess.run(
        command, cwd=HOME, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    ours = {"torii_backend.drf", "torii_backend.ninja", "torii_backend.flask"}
    assert "torii_backend.django" in printed
    assert not {*ours, "rest_framework", "ninja", "flask"} & set(printed)


def test_wrong_keywords_raise_when_the_view_is_declared() -> None:
    wrong: dict[str, Any]
    for wrong in ({"issuer": "acme.torii.so"}, {"leeway": -1}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            require_auth(**wrong)
    with pytest.raises(TypeError, match="isuer"):
        require_auth(isuer="https://acme.torii.so")  # type: ignore[call-overload]
