"""`unguarded_routes` lists each view that can be called without sign-in, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
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

from .django_project import MIDDLEWARE, async_me, me

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
