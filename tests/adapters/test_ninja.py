"""`ToriiBearer` in django-ninja: what the contract does not cover."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from functools import cache as cached
from types import SimpleNamespace
from typing import Any, Optional
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import include, path, resolve
from ninja import NinjaAPI, Router
from ninja.security import HttpBearer, django_auth
from ninja.testing import TestAsyncClient, TestClient
from ninja.throttling import AnonRateThrottle, AuthRateThrottle

from torii_backend import (
    Auth,
    ConfigurationError,
    PermissionDenied,
    ToriiAuthError,
    current_auth,
)
from torii_backend.django import require_auth
from torii_backend.ninja import ToriiBearer
from torii_backend.testing import auth_as, refused, signed_out

from .application import Crash
from .django_project import asgi_handler_of, wsgi_handler, wsgi_handler_of
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import assert_refused_as
from .transport import call_asgi, call_wsgi

pytestmark = pytest.mark.usefixtures("torii")

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}


def _me(request: HttpRequest) -> dict[str, Any]:
    auth = current_auth()
    assert auth is request.auth is not None  # type: ignore[attr-defined]
    return {"user_id": auth.user_id, "thread": threading.get_ident()}


def _user(request: HttpRequest) -> str:
    auth: object = request.auth  # type: ignore[attr-defined]
    return str(getattr(auth, "user_id", auth))


async def _async_user(request: HttpRequest) -> str:
    return _user(request)


def _open(request: HttpRequest) -> str:
    return "open"


async def _async_me(request: HttpRequest) -> dict[str, Any]:
    return _me(request)


def _api(**options: Any) -> NinjaAPI:
    return NinjaAPI(urls_namespace=f"api-{uuid4().hex}", **options)


@cached
def _handler(api: NinjaAPI) -> WSGIHandler:
    return wsgi_handler_of((path("", api.urls),))


def _ask(api: NinjaAPI, request: Request) -> Response:
    return call_wsgi(_handler(api), request)


def _assert_for_admins(api: NinjaAPI, issuers: Issuers, target: str = "/me") -> None:
    assert_refused_as(_ask(api, Request(target)), "no_credentials")
    assert_refused_as(_ask(api, bearer(issuers.token(), target)), "role")
    admin = _ask(api, bearer(issuers.token(**ADMIN), target))
    assert admin.json()["user_id"] == "ada"


@pytest.mark.parametrize("operation", [_me, _async_me])
def test_an_operation_may_be_guarded(issuers: Issuers, operation: Any) -> None:
    api = _api()
    api.get("/me", auth=ToriiBearer(role="admin"))(operation)
    api.get("/open")(_open)
    _assert_for_admins(api, issuers)
    assert _ask(api, Request("/open")).json() == "open"


def test_a_router_may_be_stricter_than_its_api(issuers: Issuers) -> None:
    api, router = _api(auth=ToriiBearer()), Router(auth=ToriiBearer(role="admin"))
    router.get("/me")(_me)
    api.get("/me")(_me)
    api.add_router("/admin", router)
    _assert_for_admins(api, issuers, "/admin/me")
    assert _ask(api, bearer(issuers.token())).status == 200
    assert_refused_as(_ask(api, Request()), "no_credentials")


def test_an_operation_may_be_open_in_a_guarded_api(issuers: Issuers) -> None:
    api = _api(auth=ToriiBearer())
    api.get("/open", auth=None)(_open)
    assert _ask(api, Request("/open")).json() == "open"


def test_keywords_override_the_settings(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii.update(ISSUER=issuers.other.issuer, REQUIRED=False, EXEMPT=["/me"])
    api = _api(auth=ToriiBearer(issuer=issuers.home.issuer))
    api.get("/me")(_me)
    assert _ask(api, bearer(issuers.token())).status == 200
    assert_refused_as(_ask(api, Request()), "no_credentials")


@pytest.mark.parametrize("operation", [_me, _async_me])
def test_a_bare_guard_of_django_enforces_the_policy_of_the_project(
    issuers: Issuers, torii: dict[str, Any], operation: Any
) -> None:
    """The guard of the API may require less."""
    torii["ROLE"] = "admin"
    api = _api(auth=ToriiBearer(role={"admin", "member"}))
    api.get("/me")(require_auth(operation))
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    assert_refused_as(_ask(api, member), "role")
    assert _ask(api, bearer(issuers.token(**ADMIN))).json()["user_id"] == "ada"


def test_requests_that_a_view_makes_leave_no_current_auth(issuers: Issuers) -> None:
    """They are never closed."""
    api = _api(auth=ToriiBearer())
    api.get("/me")(_me)
    urls: Any = (path("", api.urls),)

    def batch(request: HttpRequest) -> HttpResponseBase:
        inner = HttpRequest()
        inner.method, inner.META = "GET", request.META
        inner.resolver_match = resolve("/me", urls)
        response: HttpResponseBase = inner.resolver_match.func(inner)
        return response

    handler = wsgi_handler(batch)
    for user in ("ada", "grace"):
        assert call_wsgi(handler, bearer(issuers.token(user))).json()["user_id"] == user
        with pytest.raises(ConfigurationError):
            current_auth()


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("operation", [_user, _async_user])
def test_the_auth_of_a_request_without_a_token_is_none(
    issuers: Issuers, required: bool, operation: Any
) -> None:
    api = _api(auth=ToriiBearer(required=required))
    api.get("/me")(operation)
    assert _ask(api, bearer(issuers.token())).json() == "ada"
    assert_refused_as(_ask(api, bearer("x.y.z")), "malformed")
    anonymous = _ask(api, Request())
    if required:
        assert_refused_as(anonymous, "no_credentials")
    else:
        assert anonymous.json() == "None"


@pytest.mark.parametrize("operation", [_user, _async_user])
def test_throttles_tell_users_and_others_apart(issuers: Issuers, operation: Any) -> None:
    def statuses(throttle: Any, *requests: Request) -> list[int]:
        cache.clear()
        api = _api(auth=ToriiBearer(required=False), throttle=throttle("1/h"))
        api.get("/me")(operation)
        return [_ask(api, request).status for request in requests]

    ada, bob = (bearer(issuers.token(user)) for user in ("ada", "bob"))
    here, there = (
        Request(headers=(("X-Forwarded-For", host),)) for host in ("10.1.1.1", "10.1.1.2")
    )
    six = (here, there, here, ada, bob, ada)
    assert statuses(AnonRateThrottle, *six) == [200, 200, 429, 200, 200, 200]
    assert statuses(AuthRateThrottle, *six) == [200, 200, 429, 200, 200, 429]


def _by_cookie(request: HttpRequest) -> Optional[str]:
    return request.COOKIES.get("user")


async def _by_cookie_async(request: HttpRequest) -> Optional[str]:
    return _by_cookie(request)


@pytest.mark.parametrize(
    ("operation", "other"), [(_user, _by_cookie), (_async_user, _by_cookie_async)]
)
def test_without_a_token_the_others_are_asked_first(
    issuers: Issuers, operation: Any, other: Any
) -> None:
    cookie, basic = ("Cookie", "user=grace"), ("Authorization", "Basic YWRhOmFkYQ==")
    for auth in ([other, ToriiBearer()], [ToriiBearer(), other]):
        api = _api(auth=auth)
        api.get("/me")(operation)
        assert _ask(api, Request(headers=(cookie,))).json() == "grace"
        assert _ask(api, Request(headers=(cookie, basic))).json() == "grace"
        assert _ask(api, bearer(issuers.token())).json() == "ada"
        assert_refused_as(_ask(api, bearer("x.y.z")), "malformed")
        assert_refused_as(_ask(api, Request()), "no_credentials")


class _OldBearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Optional[str]:  # noqa: ARG002
        return "grace" if token == "old" else None


def test_another_kind_of_bearer_token_may_be_accepted_as_well(issuers: Issuers) -> None:
    api = _api(auth=[_OldBearer(), ToriiBearer()])
    api.get("/me")(_user)
    assert _ask(api, bearer("old")).json() == "grace"
    assert _ask(api, bearer(issuers.token())).json() == "ada"
    assert_refused_as(_ask(api, bearer("x.y.z")), "malformed")


def test_of_several_bearers_those_with_a_token_are_asked(issuers: Issuers) -> None:
    other = ToriiBearer(issuer=issuers.other.issuer, header="x-other")
    api = _api(auth=[ToriiBearer(), other])
    api.get("/me")(_user)
    foreign = f"Bearer {issuers.other.issue_token(user_id='grace').access_token}"
    assert _ask(api, Request(headers=(("X-Other", foreign),))).json() == "grace"
    assert _ask(api, bearer(issuers.token())).json() == "ada"
    assert_refused_as(_ask(api, Request()), "no_credentials")


class _Session:
    """The session of a signed-in user, as Django's middleware leaves it."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        signed_in = "sessionid" in request.COOKIES
        request.user = SimpleNamespace(is_authenticated=signed_in, user_id="grace")  # type: ignore[assignment]
        return self.get_response(request)


@pytest.mark.parametrize("operation", [_user, _async_user])
@pytest.mark.parametrize("auth", [[django_auth, ToriiBearer()], [ToriiBearer(), django_auth]])
def test_a_session_or_a_token_may_post(issuers: Issuers, operation: Any, auth: Any) -> None:
    api = _api(auth=auth)
    api.post("/me")(operation)
    middleware = ["django.middleware.csrf.CsrfViewMiddleware", f"{__name__}._Session"]
    handler = wsgi_handler_of((path("", api.urls),), MIDDLEWARE=middleware)

    def post(*headers: tuple[str, str]) -> Response:
        return call_wsgi(handler, Request(method="POST", headers=headers))

    token = ("Authorization", f"Bearer {issuers.token()}")
    session, secret = "sessionid=1", "a" * 32
    assert post(token).json() == "ada"
    assert post(token, ("Cookie", session)).json() == "ada"
    assert post(("Cookie", session)).status == 403
    checked = (("Cookie", f"{session}; csrftoken={secret}"), ("X-CSRFToken", secret))
    assert post(*checked).json() == "grace"
    assert post(*checked, ("Authorization", "Bearer x.y.z")).status == 401


def test_async_operations_stay_on_the_event_loop(issuers: Issuers) -> None:
    heard: list[int] = []

    def hear(refusal: ToriiAuthError) -> None:
        heard.append(threading.get_ident())

    api = _api(auth=ToriiBearer(on_error=hear))
    api.get("/me")(_async_me)
    handler = asgi_handler_of((path("", api.urls),))
    for request, status in ((bearer(issuers.token()), 200), (Request(), 401)):
        response = asyncio.run(call_asgi(handler, request))
        assert response.status == status
        if status == 200:
            assert response.json()["thread"] == threading.get_ident()
    assert heard == [threading.get_ident()]


def test_sync_operations_are_guarded_under_asgi(issuers: Issuers) -> None:
    api = _api(auth=ToriiBearer())
    api.get("/me")(_me)
    api.post("/me")(_async_me)
    handler = asgi_handler_of((path("", api.urls),))
    for method in ("GET", "POST"):
        good = bearer(issuers.token(), method=method)
        assert asyncio.run(call_asgi(handler, good)).json()["user_id"] == "ada"
        assert_refused_as(asyncio.run(call_asgi(handler, Request(method=method))), "no_credentials")


def test_the_openapi_document_shows_a_bearer_scheme() -> None:
    api = _api(auth=ToriiBearer())
    api.get("/me")(_me)
    document = json.loads(_ask(api, Request("/openapi.json")).body)
    assert document["paths"]["/me"]["get"]["security"] == [{"ToriiBearer": []}]
    assert document["components"]["securitySchemes"] == {
        "ToriiBearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A Torii access token.",
        }
    }


def test_the_openapi_document_shows_the_header_of_the_token(torii: dict[str, Any]) -> None:
    form = "The word Bearer, a space and a Torii access token."
    expected = {"type": "apiKey", "in": "header", "name": "X-Token", "description": form}
    bare = {**expected, "description": "A Torii access token."}
    assert ToriiBearer(header="X-Token").openapi_security_schema == expected
    assert ToriiBearer(header="X-Token", scheme=None).openapi_security_schema == bare
    torii["HEADER"] = "X-Token"
    assert ToriiBearer().openapi_security_schema == expected
    torii["SCHEME"] = None
    assert ToriiBearer().openapi_security_schema == bare
    torii["SCHEME"] = "bearer"
    assert ToriiBearer(header="Authorization").openapi_security_schema["type"] == "http"


def test_a_token_alone_in_its_header_may_post_beside_sessions(issuers: Issuers) -> None:
    api = _api(auth=[django_auth, ToriiBearer(header="X-Token", scheme=None)])
    api.post("/me")(_user)
    request = Request(method="POST", headers=(("X-Token", issuers.token()),))
    assert _ask(api, request).json() == "ada"


@pytest.mark.parametrize("prefix", ["", "api/v1/", "shop/<slug:shop>/"])
@pytest.mark.parametrize("namespace", [None, "outer"])
def test_refusals_are_ours_at_any_mount_point(
    issuers: Issuers, prefix: str, namespace: Optional[str]
) -> None:
    api = _api(auth=ToriiBearer())
    other = _api(auth=ToriiBearer())

    @api.get("/me")
    def me(request: HttpRequest) -> str:
        return "in"

    inner = [path("other/", other.urls), path("inner/", api.urls)]
    included = include((inner, "app"), namespace) if namespace else include(inner)
    handler = wsgi_handler_of((path(prefix, included),))
    target = "/" + prefix.replace("<slug:shop>", "x") + "inner/me"
    assert_refused_as(call_wsgi(handler, Request(target)), "no_credentials")


def test_a_closed_request_is_freed_at_once(issuers: Issuers) -> None:
    """It holds what the client sent, so it must not wait for the garbage collector."""
    request = RequestFactory().get("/me", HTTP_AUTHORIZATION=f"Bearer {issuers.token()}")
    gc.disable()
    try:
        assert ToriiBearer()(request) is current_auth()
        request.close()
        gone = weakref.ref(request)
        del request
        assert gone() is None
    finally:
        gc.enable()


def test_the_test_client_of_ninja_gets_the_status_and_the_message(issuers: Issuers) -> None:
    """It calls operations without Django, so our exception handler is not registered."""
    api = _api(auth=ToriiBearer())

    @api.get("/me")
    def me(request: HttpRequest) -> str:
        request.close()
        return "in"

    client = TestClient(api)
    refused = client.get("/me")
    assert refused.status_code == 401
    assert refused.json() == {"detail": "The request has no bearer token."}
    good = client.get("/me", headers={"AUTHORIZATION": f"Bearer {issuers.token()}"})
    assert good.json() == "in"

    optional = _api(auth=ToriiBearer(required=False))

    @optional.get("/open")
    def auth_of(request: HttpRequest) -> str:
        request.close()
        return str(request.auth)  # type: ignore[attr-defined]

    assert TestClient(optional).get("/open").json() == "None"


def test_exception_handlers_of_the_project_still_work(issuers: Issuers) -> None:
    class Mine(Exception):
        pass

    api = _api(auth=ToriiBearer())

    @api.exception_handler(Mine)
    def respond(request: HttpRequest, error: Any) -> JsonResponse:
        return JsonResponse({"mine": True}, status=418)

    @api.get("/me")
    def me(request: HttpRequest) -> str:
        raise Mine

    assert_refused_as(_ask(api, Request()), "no_credentials")
    assert _ask(api, bearer(issuers.token())).status == 418


def test_the_user_may_come_from_the_resolver(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["USER_RESOLVER"] = lambda auth: f"user {auth.user_id}"
    api = _api(auth=ToriiBearer())
    api.get("/me")(lambda request: str(request.user))
    assert _ask(api, bearer(issuers.token())).json() == "user ada"


@pytest.mark.parametrize("operation", [_me, _async_me])
def test_who_has_no_active_user_is_refused(
    issuers: Issuers, torii: dict[str, Any], operation: Any
) -> None:
    torii["USER_RESOLVER"] = lambda _: None
    for required in (True, False):
        api = _api(auth=ToriiBearer(required=required))
        api.get("/me")(operation)
        urls = (path("", api.urls),)
        good = bearer(issuers.token())
        assert_refused_as(call_wsgi(wsgi_handler_of(urls), good), "user")
        assert_refused_as(asyncio.run(call_asgi(asgi_handler_of(urls), good)), "user")


@pytest.mark.parametrize("operation", [_me, _async_me])
def test_a_resolver_that_raises_is_asked_once(
    issuers: Issuers, torii: dict[str, Any], operation: Any
) -> None:
    calls: list[str] = []

    def find(auth: Auth) -> Any:
        calls.append(auth.user_id)
        raise errors[-1]

    torii["USER_RESOLVER"] = find
    errors = [Crash(), Http404(), PermissionDenied("No.")]
    for status in (403, 404, 500):
        calls.clear()
        api = _api(auth=ToriiBearer())
        api.get("/me")(operation)
        assert _ask(api, bearer(issuers.token())).status == status
        assert calls == ["ada"]
        errors.pop()


def test_wrong_keywords_raise_at_once() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        ToriiBearer(role="")
    with pytest.raises(TypeError, match="rol"):
        ToriiBearer(rol="admin")  # type: ignore[call-arg]


@pytest.mark.parametrize("operation", [_user, _async_user])
@pytest.mark.parametrize("auth", [[django_auth, ToriiBearer()], [ToriiBearer(), django_auth]])
def test_a_test_signs_its_user_in_before_sessions_are_asked(operation: Any, auth: Any) -> None:
    """A session would demand a CSRF token first, as if the request had no token."""
    api = _api(auth=auth)
    api.post("/me")(operation)
    middleware = ["django.middleware.csrf.CsrfViewMiddleware", f"{__name__}._Session"]
    handler = wsgi_handler_of((path("", api.urls),), MIDDLEWARE=middleware)
    request = Request(method="POST", headers=(("Cookie", "sessionid=1"),))
    with auth_as("ada"):
        assert call_wsgi(handler, request).json() == "ada"
    with refused("expired"):
        assert_refused_as(call_wsgi(handler, request), "expired")
    with signed_out():
        assert call_wsgi(handler, request).status == 403


def test_a_test_signs_its_user_in_through_the_test_clients_of_ninja() -> None:
    """They don't close requests, as Django does, so `current_auth()` ends with the block."""
    # Two, as older versions take an API for one client only.
    plain, for_async = (_api(auth=[django_auth, ToriiBearer()]) for _ in range(2))
    plain.get("/me")(_user)
    for_async.get("/me")(_async_user)

    async def ask() -> Any:
        return (await TestAsyncClient(for_async).get("/me")).json()

    with auth_as("ada"):
        assert TestClient(plain).get("/me").json() == "ada"
        assert asyncio.run(ask()) == "ada"
