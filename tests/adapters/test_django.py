"""What a Django developer expects of middleware and decorator, beyond the contract."""

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
from torii_backend import Auth, ConfigurationError, ToriiAuthError, current_auth
from torii_backend.django import AuthMiddleware, optional_auth, require_auth

from .behaviours.preflight import PREFLIGHT
from .django_project import MIDDLEWARE, asgi_handler, view, wsgi_handler
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import REFUSALS
from .transport import call_asgi, call_wsgi

# What this process imports is imported there, too.
HOME = Path(torii_backend.__file__).parents[1]


def _me(request: HttpRequest, **kwargs: Any) -> JsonResponse:
    """Tell who is signed in."""
    auth: Optional[Auth] = request.auth  # type: ignore[attr-defined]
    assert auth is current_auth()
    return JsonResponse({"user_id": None if auth is None else auth.user_id, **kwargs})


async def _async_me(request: HttpRequest) -> JsonResponse:
    return _me(request)


class _Class(View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return _me(request)


class _AsyncClass(View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        return _me(request)


def _answer(view: Any, request: Request, **overrides: Any) -> Response:
    with override_settings(**overrides):
        return call_wsgi(wsgi_handler(view), request)


def _async_answer(view: Any, request: Request, **overrides: Any) -> Response:
    with override_settings(**overrides):
        handler = asgi_handler(view)
        return asyncio.run(call_asgi(handler, request))


@pytest.fixture
def torii(issuer: str) -> Iterator[dict[str, Any]]:
    """Configure the guard; a test may change its settings before the first request."""
    settings: dict[str, Any] = {"ISSUER": issuer}
    with override_settings(TORII=settings):
        yield settings


@pytest.mark.parametrize("decorate", [require_auth, require_auth(), require_auth(leeway=1)])
def test_decorated_views_read_the_settings(
    torii: dict[str, Any], issuers: Issuers, decorate: Any
) -> None:
    good = bearer(issuers.token())
    assert _answer(decorate(_me), good).json() == {"user_id": "ada"}
    assert _async_answer(decorate(_async_me), good).json() == {"user_id": "ada"}
    assert _answer(decorate(_me), Request()).body == REFUSALS["no_credentials"].body
    assert _async_answer(decorate(_async_me), Request()).status == 401


_OPTIONAL = [optional_auth, optional_auth(), optional_auth(leeway=1), require_auth(required=False)]


@pytest.mark.parametrize("decorate", _OPTIONAL)
@pytest.mark.parametrize("where", ["function", "as_view", "dispatch", "get"])
def test_sign_in_may_be_optional_for_a_view(
    torii: dict[str, Any], issuers: Issuers, decorate: Any, where: str
) -> None:
    guarded = decorate(_me) if where == "function" else _class_view(_Class, where, decorate)
    async_guarded = guarded
    if where == "function":
        async_guarded = decorate(_async_me)
    elif where in _ASYNC_PLACES:
        async_guarded = _class_view(_AsyncClass, where, decorate)
    expired = bearer(issuers.token(expires_in=-3600))
    for answer, each in ((_answer, guarded), (_async_answer, async_guarded)):
        assert answer(each, Request()).json() == {"user_id": None}
        assert answer(each, bearer(issuers.token())).json() == {"user_id": "ada"}
        assert answer(each, expired).body == REFUSALS["expired"].body


def test_optional_sign_in_keeps_the_policy_for_users(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    guarded = optional_auth(role="admin")(_me)
    assert _answer(guarded, Request()).json() == {"user_id": None}
    assert _answer(guarded, bearer(issuers.token())).body == REFUSALS["role"].body


@pytest.mark.parametrize("required", [True, False])
def test_optional_auth_rejects_the_keyword_required(required: bool) -> None:
    with pytest.raises(TypeError, match="required"):
        optional_auth(required=required)  # type: ignore[call-overload]


def test_keywords_count_before_the_settings(issuers: Issuers) -> None:
    guarded = require_auth(issuer=issuers.home.issuer)(_me)
    good = bearer(issuers.token())
    assert _answer(guarded, good, TORII={"ISSUER": issuers.other.issuer}).status == 200
    assert _answer(guarded, good, TORII={"HEADER": "x-token"}).status == 401


def test_a_decorated_view_follows_override_settings(issuers: Issuers) -> None:
    guarded = require_auth(_me)
    good = bearer(issuers.token())
    for _ in range(2):
        assert _answer(guarded, good, TORII={"ISSUER": issuers.home.issuer}).status == 200
        assert _answer(guarded, good, TORII={"ISSUER": issuers.other.issuer}).status == 401


def test_a_decorated_view_follows_the_environment(
    issuers: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test suite may give each test an emulator of its own."""
    guarded = require_auth(_me)
    for emulator, status in ((issuers.home, 200), (issuers.other, 401), (issuers.home, 200)):
        monkeypatch.setenv("TORII_ISSUER", emulator.issuer)
        assert _answer(guarded, bearer(issuers.token())).status == status
    monkeypatch.delenv("TORII_ISSUER")
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        guarded(request)


def test_what_the_middleware_lets_in_the_decorator_refuses(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    torii.update(REQUIRED=False, EXEMPT=["/me"])
    for guarded in (require_auth(_me), require_auth(leeway=1)(_me)):
        assert _answer(guarded, Request(), MIDDLEWARE=[MIDDLEWARE]).status == 401
        good = bearer(issuers.token())
        assert _answer(guarded, good, MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": "ada"}
    assert _answer(_me, Request(), MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": None}


def test_an_auth_of_another_middleware_opens_nothing(torii: dict[str, Any]) -> None:
    request = RequestFactory().get("/me")
    request.auth = "root"  # type: ignore[attr-defined]
    assert require_auth(_me)(request).status_code == 401


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_a_bare_guard_within_another_asks_what_the_project_asks(
    torii: dict[str, Any], issuers: Issuers, settings: dict[str, Any]
) -> None:
    """Another guard may have asked for less."""
    torii.update(ROLE="admin", EXEMPT=["/me"])
    admin = bearer(issuers.token(org_id="org_1", org_role="admin"))
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    for answer, me in ((_answer, _me), (_async_answer, _async_me)):
        guarded = require_auth(role={"admin", "member"})(require_auth(me))
        assert answer(guarded, member, **settings).body == REFUSALS["role"].body
        assert answer(guarded, admin, **settings).json() == {"user_id": "ada"}


def test_a_bare_guard_within_that_of_another_issuer_trusts_the_issuer_of_the_project(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    guarded = require_auth(issuer=issuers.other.issuer)(require_auth(_me))
    foreign = bearer(issuers.other.issue_token(user_id="grace").access_token)
    assert _answer(guarded, foreign).body == REFUSALS["wrong_issuer"].body


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_the_view_sees_the_auth_of_the_innermost_guard(
    torii: dict[str, Any], issuers: Issuers, settings: dict[str, Any]
) -> None:
    other = require_auth(issuer=issuers.other.issuer, header="x-other")
    foreign = issuers.other.issue_token(user_id="grace").access_token
    home = ("Authorization", f"Bearer {issuers.token()}")
    both = Request(headers=(home, ("X-Other", f"Bearer {foreign}")))
    for answer, me in ((_answer, _me), (_async_answer, _async_me)):
        assert answer(other(require_auth(me)), both, **settings).json() == {"user_id": "ada"}
        assert answer(require_auth(other(me)), both, **settings).json() == {"user_id": "grace"}


def _path_info(request: HttpRequest) -> HttpResponse:
    """Tell what Django goes by when it chooses a view."""
    return HttpResponse(request.path_info)


def _served_at(mount: str, target: str, **overrides: Any) -> list[Response]:
    """Ask under both protocols, of a server that serves the project at a mount point."""
    request = Request(target)
    answers = []
    with override_settings(**overrides):
        below = request._replace(target=target[len(mount) :]) if mount else request
        environ = {"SCRIPT_NAME": mount, "RAW_URI": target}
        answers.append(call_wsgi(wsgi_handler(_path_info), below, **environ))

        async def mounted(scope: Any, receive: Any, send: Any) -> None:
            handler: Any = asgi_handler(_path_info)
            await handler({**scope, "root_path": mount}, receive, send)

        answers.append(asyncio.run(call_asgi(mounted, request)))
    return answers


_FORCED = [(None, "/app"), ("/app", ""), ("/app/", ""), ("/app", "/app"), (None, "")]


@pytest.mark.parametrize(("forced", "mount"), _FORCED)
def test_an_exempt_path_is_the_one_that_leads_to_the_view(
    issuer: str, forced: Optional[str], mount: str
) -> None:
    """Below the mount point, which the server names or FORCE_SCRIPT_NAME does."""
    everything: dict[str, Any] = {"ISSUER": issuer, "EXEMPT": [lambda _: True]}
    exempt = {**everything, "EXEMPT": ["/health", "/public/*"]}
    shared = {"FORCE_SCRIPT_NAME": forced, "MIDDLEWARE": [MIDDLEWARE]}
    for path in ("/health", "/public/x", "/me", "/app/health", "/publicity"):
        target = mount + path
        routed = [answer.body for answer in _served_at(mount, target, TORII=everything, **shared)]
        answers = _served_at(mount, target, TORII=exempt, **shared)
        for path_info, answer in zip(routed, answers):
            assert answer.status == (200 if path_info in (b"/health", b"/public/x") else 401), (
                target
            )


@pytest.mark.skipif(
    django.VERSION < (5, 0), reason="Django 4.2 routes by root_path alone, under ASGI"
)
def test_a_forced_mount_point_is_no_exempt_prefix(issuer: str) -> None:
    torii = {"ISSUER": issuer, "EXEMPT": ["/public/*"]}
    settings = {"FORCE_SCRIPT_NAME": "/public", "MIDDLEWARE": [MIDDLEWARE], "TORII": torii}
    handler = asgi_handler(_path_info, **settings)
    with override_settings(**settings):
        assert asyncio.run(call_asgi(handler, Request("/public/plain"))).status == 401
        opened = asyncio.run(call_asgi(handler, Request("/public/public/x")))
    assert (opened.status, opened.body) == (200, b"/public/x")


def overriding(get_response: Any) -> Any:
    """Take the method from a header, as for clients that cannot send another one."""

    def middleware(request: HttpRequest) -> Any:
        request.method = request.headers.get("X-HTTP-Method-Override", request.method)
        return get_response(request)

    return middleware


def test_what_is_made_of_a_preflight_request_is_none(torii: dict[str, Any]) -> None:
    override = ("X-HTTP-Method-Override", "DELETE")
    overridden = PREFLIGHT._replace(headers=(*PREFLIGHT.headers, override))
    alone = {"MIDDLEWARE": [f"{__name__}.overriding"]}
    before = {"MIDDLEWARE": [f"{__name__}.overriding", MIDDLEWARE]}
    for answer, me in ((_answer, _me), (_async_answer, _async_me)):
        assert answer(me, PREFLIGHT, **before).json() == {"user_id": None}
        assert answer(me, overridden, **before).body == REFUSALS["no_credentials"].body
        assert answer(require_auth(me), PREFLIGHT, **alone).json() == {"user_id": None}
        assert answer(require_auth(me), overridden, **alone).status == 401


def test_the_middleware_stays_on_the_event_loop(torii: dict[str, Any], issuers: Issuers) -> None:
    threads: list[int] = []

    async def note(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return await _async_me(request)

    def heard(refusal: ToriiAuthError) -> None:
        threads.append(threading.get_ident())

    torii["ON_ERROR"] = heard
    good = bearer(issuers.token())
    assert _async_answer(note, good, MIDDLEWARE=[MIDDLEWARE]).json() == {"user_id": "ada"}
    assert _async_answer(note, Request(), MIDDLEWARE=[MIDDLEWARE]).status == 401
    assert _async_answer(require_auth(note), good).status == 200
    assert _async_answer(require_auth(note), Request()).status == 401
    assert threads == [threading.get_ident()] * 4


def test_sync_views_know_their_user_behind_the_async_middleware(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    response = _async_answer(_me, bearer(issuers.token()), MIDDLEWARE=[MIDDLEWARE])
    assert response.json() == {"user_id": "ada"}


def test_async_views_know_their_user_behind_the_sync_middleware(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    response = _answer(_async_me, bearer(issuers.token()), MIDDLEWARE=[MIDDLEWARE])
    assert response.json() == {"user_id": "ada"}


def test_the_middleware_works_with_request_factories(torii: dict[str, Any]) -> None:
    assert AuthMiddleware(view)(RequestFactory().get("/me")).status_code == 401  # type: ignore[union-attr]
    response = AuthMiddleware(_async_me)(AsyncRequestFactory().get("/me"))
    assert asyncio.run(response).status_code == 401  # type: ignore[arg-type]


def _class_view(base: type[View], where: str, decorate: Any = require_auth) -> Any:
    """Guard a class-based view as a whole, or by one of its methods."""
    if where == "as_view":
        return decorate(base.as_view())
    copy: Any = type("Copy", (base,), {"get": base.get})  # type: ignore[attr-defined]
    return method_decorator(decorate, name=where)(copy).as_view()


@pytest.mark.parametrize("decorate", [require_auth, require_auth(leeway=1)])
@pytest.mark.parametrize("where", ["as_view", "dispatch", "get"])
def test_a_class_based_view_is_guarded(
    torii: dict[str, Any], issuers: Issuers, where: str, decorate: Any
) -> None:
    guarded = _class_view(_Class, where, decorate)
    assert _answer(guarded, Request()).status == 401
    assert _answer(guarded, bearer(issuers.token())).json() == {"user_id": "ada"}


# Before Django 6.0 a decorated async method was taken for a sync one, whatever the decorator.
_ASYNC_PLACES = ["as_view", "dispatch", *(["get"] if django.VERSION >= (6, 0) else [])]


@pytest.mark.parametrize("where", _ASYNC_PLACES)
def test_an_async_class_based_view_is_guarded(
    torii: dict[str, Any], issuers: Issuers, where: str
) -> None:
    guarded = _class_view(_AsyncClass, where)
    response = _async_answer(guarded, Request())
    assert (response.status, response.body) == (401, REFUSALS["no_credentials"].body)
    assert _async_answer(guarded, bearer(issuers.token())).json() == {"user_id": "ada"}


def test_a_class_based_view_does_not_grow_with_its_requests(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    """Django applies the decorator of a method anew for each request."""
    guarded = _class_view(_Class, "dispatch")
    good = bearer(issuers.token())
    _answer(guarded, good)
    before = len(setting_changed.receivers)
    for _ in range(3):
        assert _answer(guarded, good).status == 200
    assert len(setting_changed.receivers) == before


def test_the_view_keeps_its_name_marks_and_arguments(issuers: Issuers) -> None:
    def marked(request: HttpRequest, number: int) -> JsonResponse:
        return _me(request, number=number)

    marked.csrf_exempt = True  # type: ignore[attr-defined]
    guarded = require_auth(issuer=issuers.home.issuer)(marked)
    assert guarded.__name__ == "marked"
    assert guarded.csrf_exempt is True  # type: ignore[attr-defined]
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    assert guarded(request, number=7).content == b'{"user_id": "ada", "number": 7}'


def test_an_abandoned_stream_leaves_nobody_behind(issuers: Issuers) -> None:
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


def test_wrong_keywords_are_found_where_the_view_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="issuer"):
        require_auth(issuer="acme.torii.so")
    with pytest.raises(ConfigurationError, match="leeway"):
        require_auth(leeway=-1)


def test_an_unknown_keyword_is_found_where_the_view_is_declared() -> None:
    with pytest.raises(TypeError, match="isuer"):
        require_auth(isuer="https://acme.torii.so")  # type: ignore[call-overload]
