"""Django's caches give nobody the response to somebody else, in any order of middleware and decorators."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import override_settings
from django.urls import path, re_path
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page

from torii_backend import RefusalResponse
from torii_backend.django import RequireAuthMixin, optional_auth, public, require_auth

from .behaviours.preflight import PREFLIGHT
from .django_project import BOTH, MIDDLEWARE, asgi_handler_of, ask, me, wsgi_handler_of
from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi, call_wsgi

UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
IN_ONE = "django.middleware.cache.CacheMiddleware"
HEADERS = ("Authorization", "X-Token")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _user_of(request: Any) -> str:
    auth = request.auth
    return "nobody" if auth is None else str(auth.user_id)


def _json(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"user": _user_of(request), "run": uuid4().hex})


async def _async_json(request: HttpRequest) -> HttpResponse:
    return _json(request)


class _Rendered(SimpleTemplateResponse):
    @property
    def rendered_content(self) -> str:
        return str(self.context_data)


def _template(request: HttpRequest) -> SimpleTemplateResponse:
    found = _json(request).content.decode()
    return _Rendered("", found, content_type="application/json")  # type: ignore[arg-type]


def _rest(wrap: str) -> Any:
    rest = pytest.importorskip("rest_framework.views")
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response as RestResponse

    from torii_backend.drf import ToriiAuthentication

    class View(rest.APIView):  # type: ignore[misc, name-defined]
        authentication_classes = (ToriiAuthentication,)
        permission_classes = (IsAuthenticated,)

        def get(self, request: Any) -> Any:
            return RestResponse({"user": _user_of(request), "run": uuid4().hex})

    if wrap == "as_view":
        return cache_page(60)(View.as_view())
    return method_decorator(cache_page(60), name=wrap)(View).as_view()


def _ninja(*, is_async: bool, cached: bool = True) -> Any:
    ninja = pytest.importorskip("ninja")
    from ninja.decorators import decorate_view

    from torii_backend.ninja import ToriiBearer

    api = ninja.NinjaAPI(auth=ToriiBearer(), urls_namespace=uuid4().hex)

    def operation(request: HttpRequest) -> HttpResponse:
        return _json(request)

    async def async_operation(request: HttpRequest) -> HttpResponse:
        return _json(request)

    each: Any = async_operation if is_async else operation
    api.get("/me")(decorate_view(cache_page(60))(each) if cached else each)
    return (path("", api.urls),)


def _view(view: Any) -> Any:
    return (re_path("", view),)


PROJECTS: dict[str, tuple[list[str], Any]] = {
    "per_site": ([UPDATE, MIDDLEWARE, FETCH], lambda: _view(_json)),
    "per_site_guard_inside": ([UPDATE, FETCH, MIDDLEWARE], lambda: _view(_json)),
    "per_site_guard_outside": ([MIDDLEWARE, UPDATE, FETCH], lambda: _view(_json)),
    "per_site_template": ([MIDDLEWARE, UPDATE, FETCH], lambda: _view(_template)),
    "per_site_decorated": ([UPDATE, FETCH], lambda: _view(require_auth(_json))),
    "in_one_guard_inside": ([IN_ONE, MIDDLEWARE], lambda: _view(_json)),
    "in_one_guard_outside": ([MIDDLEWARE, IN_ONE], lambda: _view(_json)),
    "page": ([MIDDLEWARE], lambda: _view(cache_page(60)(_json))),
    "page_async": ([MIDDLEWARE], lambda: _view(cache_page(60)(_async_json))),
    "page_template": ([MIDDLEWARE], lambda: _view(cache_page(60)(_template))),
    "page_inside": ([], lambda: _view(require_auth(cache_page(60)(_json)))),
    "page_outside": ([], lambda: _view(cache_page(60)(require_auth(_json)))),
    "page_outside_async": ([], lambda: _view(cache_page(60)(require_auth(_async_json)))),
    "rest_as_view": ([], lambda: _view(_rest("as_view"))),
    "rest_dispatch": ([], lambda: _view(_rest("dispatch"))),
    "rest_get": ([], lambda: _view(_rest("get"))),
    "rest_per_site": ([UPDATE, FETCH], lambda: _view(_rest("get"))),
    "ninja": ([], lambda: _ninja(is_async=False)),
    "ninja_async": ([], lambda: _ninja(is_async=True)),
    "ninja_per_site": ([UPDATE, FETCH], lambda: _ninja(is_async=False, cached=False)),
}
if not iscoroutinefunction(cache_page(60)(_async_json)):
    # Old versions of Django have no cache for one async view.
    for _name in ("page_async", "page_outside_async", "ninja_async"):
        del PROJECTS[_name]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize(("middleware", "urls"), PROJECTS.values(), ids=PROJECTS)
def test_nobody_gets_the_response_to_somebody_else(
    torii: dict[str, Any],
    issuers: Issuers,
    middleware: list[str],
    urls: Any,
    is_async: bool,
    header: str,
) -> None:
    torii["HEADER"] = header
    settings = {"MIDDLEWARE": middleware}
    tokens = {user: f"Bearer {issuers.token(user)}" for user in ("ada", "bob")}
    with override_settings(**settings):
        handler: Any = (asgi_handler_of if is_async else wsgi_handler_of)(urls())

        def send(*headers: tuple[str, str]) -> Any:
            request = Request(headers=headers)
            return (
                asyncio.run(call_asgi(handler, request))
                if is_async
                else call_wsgi(handler, request)
            )

        first, second = send((header, tokens["ada"])), send((header, tokens["ada"]))
        assert first.json()["user"] == "ada"
        assert second.json() == first.json(), "the cache is not at work"
        assert send((header, tokens["bob"])).json()["user"] == "bob"
        nobody = send()
        assert nobody.status in (401, 403)
        for response in (first, second, nobody):
            assert header in (response.header("vary") or "").split(", ")


@pytest.mark.parametrize("header", HEADERS)
def test_every_response_that_depends_on_a_token_names_its_header(
    torii: dict[str, Any], issuers: Issuers, header: str
) -> None:
    torii.update(HEADER=header, EXEMPT=["/open"], USER_RESOLVER=_resolver)
    ada, bob = ((header, f"Bearer {issuers.token(user)}") for user in ("ada", "bob"))
    by_middleware = {"MIDDLEWARE": [MIDDLEWARE]}
    for ask_it, each in BOTH:
        for request in (
            Request(),
            Request(headers=(ada,)),
            Request(headers=(bob,)),
            Request(headers=((header, "Bearer x.y.z"),)),
            Request(headers=((header, "Bearer"),)),
        ):
            for response in (
                ask_it(each, request, **by_middleware),
                ask_it(public(each), request, **by_middleware),
                ask_it(require_auth(each), request),
                ask_it(optional_auth(each), request),
            ):
                assert response.header("vary") == header, request
        assert (
            ask_it(each, Request("/open", headers=(ada,)), **by_middleware).header("vary") is None
        )
        assert ask_it(each, PREFLIGHT, **by_middleware).header("vary") is None


class _MissingPages:
    """A middleware of the project that responds to what a view raises."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self._get_response(request)

    def process_exception(self, _: HttpRequest, error: Exception) -> Any:
        return HttpResponse(status=410) if isinstance(error, LookupError) else None


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    ("error", "status"), [(Http404, 404), (PermissionDenied, 403), (LookupError, 410)]
)
def test_the_error_page_of_a_view_with_a_guard_of_its_own_names_the_header(
    torii: dict[str, Any], issuers: Issuers, error: type[Exception], status: int, header: str
) -> None:
    torii["HEADER"] = header

    def fails(request: HttpRequest) -> HttpResponse:
        raise error

    async def async_fails(request: HttpRequest) -> HttpResponse:
        raise error

    class Fails(RequireAuthMixin, View):
        def get(self, _: HttpRequest) -> HttpResponse:
            raise error

    ask_sync, ask_async = (ask_it for ask_it, _ in BOTH)
    request = Request(headers=((header, f"Bearer {issuers.token()}"),))
    middleware = [f"{__name__}.{_MissingPages.__name__}"]
    for ask_it, view in (
        (ask_sync, require_auth(fails)),
        (ask_sync, Fails.as_view()),
        (ask_async, require_auth(async_fails)),
    ):
        response = ask_it(view, request, MIDDLEWARE=middleware)
        assert (response.status, response.header("vary")) == (status, header)


def _resolver(auth: Any) -> Any:
    return None if auth.user_id == "bob" else auth.user_id


def test_the_vary_of_the_application_is_kept(torii: dict[str, Any], issuers: Issuers) -> None:
    def streamed(request: HttpRequest) -> StreamingHttpResponse:
        response = StreamingHttpResponse([b"{}"])
        patch_vary_headers(response, ["Accept", "authorization"])
        return response

    def any_way(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Vary": "*"})

    def refused(_: object) -> RefusalResponse:
        return RefusalResponse.json(403, {}, {"Vary": "Cookie"})

    torii["ON_ERROR"] = refused
    good = bearer(issuers.token())
    assert ask(require_auth(streamed), good).header("vary") == "Accept, authorization"
    assert ask(require_auth(any_way), good).header("vary") == "*"
    assert ask(require_auth(me), Request()).header("vary") == "Cookie, Authorization"
    two = require_auth(header="x-token")(require_auth(me))
    both = Request(headers=(*good.headers, ("X-Token", good.headers[0][1])))
    assert ask(two, both).header("vary") == "X-Token, Authorization"
