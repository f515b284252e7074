"""`unguarded_routes` lists each view that can be called without sign-in, and no other."""

from __future__ import annotations

from typing import Any, Callable
from uuid import uuid4

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import include, path, re_path, register_converter
from django.urls.converters import StringConverter
from django.utils.decorators import method_decorator
from django.views import View

from torii_backend.django import (
    AuthMiddleware,
    RequireAuthMixin,
    optional_auth,
    public,
    require_auth,
    unguarded_routes,
)

from .django_project import MIDDLEWARE, ask, async_me, me
from .messages import Request

pytestmark = pytest.mark.usefixtures("torii")


class TwoParts(StringConverter):
    regex = "[^/]+/[^/]+"


register_converter(TwoParts, "two_parts")


class Own(AuthMiddleware):
    pass


class Calling(AuthMiddleware):
    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request)


class Both(View):
    def get(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse()

    post = get


@method_decorator(require_auth, name="dispatch")
class GuardedDispatch(Both):
    pass


@method_decorator(require_auth, name="post")
class GuardedPost(Both):
    pass


@method_decorator(public, name="dispatch")
class Open(Both):
    pass


class Mixed(RequireAuthMixin, Both):
    pass


class Optional(RequireAuthMixin, Both):
    auth_options = {"required": False}  # noqa: RUF012


class GuardedOpen(RequireAuthMixin, Open):
    pass


URLS: tuple[Any, ...] = (
    path("me", me),
    path("async", async_me),
    path("public", public(me)),
    path("public-guarded", public(require_auth(me))),
    path("guarded-public", require_auth(public(me))),
    path("guarded", require_auth(me)),
    path("guarded-async", require_auth(role="admin", organization=True)(async_me)),
    path("optional", optional_auth(me)),
    path("exempt-here", require_auth(exempt=["/exempt-here"])(me)),
    path("both/", Both.as_view()),
    path("dispatch/", GuardedDispatch.as_view()),
    path("post/", GuardedPost.as_view()),
    path("open/", Open.as_view()),
    path("mixed/", Mixed.as_view()),
    path("mixed-optional/", Optional.as_view()),
    path("guarded-open/", GuardedOpen.as_view()),
    path("shop/<slug:name>/", include(([path("items/<int:id>", me)], "shop"))),
)


class Dispatching(View):
    def dispatch(self, *_: Any, **__: Any) -> HttpResponse:
        return HttpResponse("in")

    @method_decorator(require_auth)
    def get(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


def _routes(urls: Any = URLS, **overrides: Any) -> list[str]:
    with override_settings(**overrides):
        return unguarded_routes(urls)


def test_a_view_that_dispatches_by_itself_is_listed() -> None:
    assert _routes((path("own/", Dispatching.as_view()),)) == ["* /own/"]


def test_without_the_middleware_every_view_without_a_guard_is_listed() -> None:
    assert _routes() == [
        "* /async",
        "* /exempt-here",
        "* /me",
        "* /optional",
        "* /public",
        "* /shop/<slug:name>/items/<int:id>",
        "GET /post/",
        "GET,POST /both/",
        "GET,POST /mixed-optional/",
        "GET,POST /open/",
    ]


@pytest.mark.parametrize("middleware", [MIDDLEWARE, f"{__name__}.Own"])
def test_behind_the_middleware_public_views_are_listed(
    torii: dict[str, Any], middleware: str
) -> None:
    opened = ["* /public", "GET,POST /open/"]
    assert _routes(MIDDLEWARE=[middleware]) == opened
    torii["EXEMPT"] = ["/me", "/guarded", "/shop/*", "/nowhere"]
    more = ["* /me", "* /shop/<slug:name>/items/<int:id>"]
    assert _routes(MIDDLEWARE=[middleware]) == sorted([*opened, *more])
    torii["REQUIRED"] = False
    assert _routes(MIDDLEWARE=[middleware]) == _routes()


def test_a_middleware_that_decides_by_itself_is_not_relied_on() -> None:
    assert (
        _routes(MIDDLEWARE=[f"{__name__}.Calling", "django.middleware.common.CommonMiddleware"])
        == _routes()
    )


@pytest.mark.parametrize(
    ("exempt", "urls", "listed"),
    [
        ("/a/b", path("a/<str:x>", me), True),
        ("/a/b/c", path("a/<str:x>", me), False),
        ("/a/b/c", path("a/<path:x>", me), True),
        ("/a/b/c", path("a/<two_parts:x>", me), True),
        ("/a/b/c", path("a/<int:x>/c", me), True),
        ("/a/b", path("a/<int:x>/c", me), False),
        ("/b", path("a/<str:x>", me), False),
        (lambda _: False, path("a/<str:x>", me), True),
        (lambda _: False, path("a/x", me), True),
        ("/health", re_path(r"^health/?$", me), True),
        ("/healthy", re_path(r"^health$", me), True),
        ("/other", re_path(r"^health/?$", me), False),
        ("/other", re_path(r"health$", me), True),
        ("/other", re_path(r"^(health|other)$", me), True),
        ("/other", re_path(r"^health|^other", me), True),
    ],
)
def test_what_may_be_exempt_is_listed(
    torii: dict[str, Any], exempt: Any, urls: Any, listed: bool
) -> None:
    torii["EXEMPT"] = [exempt]
    assert bool(_routes((urls,), MIDDLEWARE=[MIDDLEWARE])) is listed


def test_a_prefix_by_language_may_be_any(torii: dict[str, Any]) -> None:
    urls = tuple(i18n_patterns(path("about", me)))
    torii["EXEMPT"] = ["/de/about"]
    assert _routes(urls, MIDDLEWARE=[MIDDLEWARE]) == ["* /<language>/about"]
    torii["EXEMPT"] = ["/de/other"]
    assert _routes(urls, MIDDLEWARE=[MIDDLEWARE]) == []


def test_the_urls_of_the_project_are_the_default() -> None:
    assert unguarded_routes() == []
    assert unguarded_routes(__name__) == ["* /me"]


urlpatterns = [path("me", me)]


def _rest_urls() -> tuple[Any, ...]:
    rest = pytest.importorskip("rest_framework.views")
    from rest_framework import permissions, viewsets
    from rest_framework.decorators import action, api_view, permission_classes
    from rest_framework.routers import SimpleRouter

    from torii_backend.drf import RequirePolicy, ToriiAuthentication

    class Needing(ToriiAuthentication):
        auth_options = {"required": True}  # noqa: RUF012

    class Api(rest.APIView):  # type: ignore[misc, name-defined]
        authentication_classes = (ToriiAuthentication,)
        permission_classes: Any = ()

        def get(self, _: Any) -> JsonResponse:
            return JsonResponse({})

        post = get

    class Own(Api):
        permission_classes = (permissions.IsAuthenticated,)

        def get_permissions(self) -> list[Any]:
            return []

    class Guarded(Api):
        post = method_decorator(require_auth)(Api.get)

    class Rows(viewsets.ViewSet):
        permission_classes = (RequirePolicy(),)

        def create(self, _: Any) -> JsonResponse:
            return JsonResponse({})

        destroy = create

        @action(detail=False, permission_classes=[permissions.AllowAny])
        def shown(self, _: Any) -> JsonResponse:
            return JsonResponse({})

    def function(request: Any) -> JsonResponse:
        return JsonResponse({})

    def permitted(*classes: Any) -> Any:
        return Api.as_view(permission_classes=classes)

    policy, user = RequirePolicy(), permissions.IsAuthenticated
    router = SimpleRouter()
    router.register("rows", Rows, basename="row")
    return (
        path("open", Api.as_view()),
        path("user", permitted(user)),
        path("staff", permitted(permissions.AllowAny, permissions.IsAdminUser)),
        path("policy", permitted(policy)),
        path("and", permitted(policy & permissions.AllowAny)),
        path("or", permitted(policy | permissions.AllowAny)),
        path("or-both", permitted(policy | user)),
        path("not", permitted(~user)),
        path("read-only", permitted(permissions.IsAuthenticatedOrReadOnly)),
        path("own", Own.as_view()),
        path("needing", Api.as_view(authentication_classes=[Needing])),
        path("method", Guarded.as_view()),
        path("function", api_view(["GET", "PUT"])(function)),
        path("function-user", api_view(["GET"])(permission_classes([user])(function))),
        *router.urls,
    )


def test_views_of_rest_framework_are_listed_by_what_they_demand() -> None:
    assert _routes(_rest_urls()) == [
        "GET /^rows/shown/$",
        "GET /method",
        "GET,POST /not",
        "GET,POST /open",
        "GET,POST /or",
        "GET,POST /own",
        "GET,POST /read-only",
        "GET,PUT /function",
    ]
    assert _routes(_rest_urls(), MIDDLEWARE=[MIDDLEWARE]) == []


def _ninja_urls() -> tuple[Any, ...]:
    ninja = pytest.importorskip("ninja")
    from ninja.security import django_auth

    from torii_backend.ninja import ToriiBearer

    def operation() -> Callable[..., str]:
        def respond(request: HttpRequest) -> str:
            return "in"

        return respond

    api = ninja.NinjaAPI(auth=ToriiBearer(), urls_namespace=uuid4().hex, docs_url=None)
    for name, auth in {
        "none": None,
        "optional": ToriiBearer(required=False),
        "session": [django_auth, ToriiBearer()],
        "other": [lambda _: "anybody", ToriiBearer()],
        "exempt": ToriiBearer(exempt=["/api/exempt"]),
    }.items():
        api.get(f"/{name}", auth=auth)(operation())
    api.get("/mixed")(operation())
    api.post("/mixed", auth=None)(operation())
    api.get("/viewed", auth=None)(require_auth(operation()))
    router = ninja.Router(auth=None)
    router.get("/open")(operation())
    api.add_router("/router", router)
    return (path("api/", api.urls),)


def test_operations_of_ninja_are_listed_by_their_auth() -> None:
    assert _routes(_ninja_urls()) == [
        "* /api/",
        "* /api/openapi.json",
        "GET /api/exempt",
        "GET /api/none",
        "GET /api/optional",
        "GET /api/other",
        "GET /api/router/open",
        "POST /api/mixed",
    ]


@pytest.mark.parametrize("middleware", [[], [MIDDLEWARE]])
def test_exactly_the_views_that_are_not_listed_refuse_a_request_without_a_token(
    middleware: list[str],
) -> None:
    listed = {
        target: methods
        for methods, target in (line.split(" ") for line in _routes(MIDDLEWARE=middleware))
    }
    for pattern in URLS[:-1]:
        target = f"/{pattern.pattern}"
        for method in ("GET", "POST"):
            is_open = listed.get(target) == "*" or method in listed.get(target, "").split(",")
            response = ask(URLS, Request(target, method=method), MIDDLEWARE=middleware)
            assert (response.status == 401) is not is_open, (method, target)
