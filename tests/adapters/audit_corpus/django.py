"""Hard routes of Django, without our middleware."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from django.conf.urls.i18n import i18n_patterns
from django.conf.urls.static import static
from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from django.views.generic import RedirectView

from torii_backend.django import RequireAuthMixin, optional_auth, public, require_auth

Function = Callable[..., Any]


def serve(_: HttpRequest, **__: Any) -> HttpResponse:
    return HttpResponse("in")


async def serve_async(_: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


guarded = require_auth(serve)


@functools.wraps(guarded)
def copied(_: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


# Both have the mark of the other.
disguised = functools.update_wrapper(optional_auth(copied), guarded)
disguised_by_django = functools.update_wrapper(csrf_exempt(copied), guarded)


def logged(view: Function) -> Function:
    @functools.wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


def unless_internal(view: Function) -> Function:
    outer = require_auth(view)

    @functools.wraps(outer)
    def inner(request: HttpRequest) -> Any:
        return view(request) if "X-Internal" in request.headers else outer(request)

    return inner


@contextmanager
def timed() -> Iterator[None]:
    yield


def unwrapping(view: Function) -> Function:
    @functools.wraps(view)
    def inner(request: HttpRequest) -> Any:
        return getattr(view, "__wrapped__")(request)  # noqa: B009

    return inner


def knowing(view: Function) -> Function:
    raw = {"view": getattr(view, "__wrapped__")}  # noqa: B009

    @functools.wraps(view)
    def inner(request: HttpRequest) -> Any:
        return view(request) if "X-External" in request.headers else raw["view"](request)

    return inner


def naming(view: Function) -> Function:
    @functools.wraps(view)
    def inner(request: HttpRequest) -> Any:
        return view(request) if "X-External" in request.headers else serve(request)

    return inner


def caching(view: Function) -> Function:
    cache = {"/caching": HttpResponse("in")}

    @functools.wraps(view)
    def inner(request: HttpRequest) -> Any:
        return cache.get(request.path) or view(request)

    return inner


class Proxy:
    """It claims to be what is inside of it, as those of wrapt do."""

    def __init__(self, view: Function) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    @property
    def __class__(self) -> Any:
        return type(self._view)

    @__class__.setter
    def __class__(self, _: Any) -> None:
        """For mypy."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class Logged:
    def __init__(self, view: Function) -> None:
        functools.update_wrapper(self, view)
        self._view = view

    def __call__(self, request: HttpRequest) -> Any:
        return self._view(request)


class Calling:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return serve(request)

    @method_decorator(require_auth)
    def page(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class GuardedCalling:
    @method_decorator(require_auth)
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class Both(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)

    post = get


@method_decorator(require_auth, name="dispatch")
class GuardedDispatch(Both):
    pass


@method_decorator([never_cache, require_auth, csrf_exempt], name="dispatch")
class GuardedByList(Both):
    pass


@method_decorator([logged, require_auth], name="dispatch")
class GuardedLogged(Both):
    pass


@method_decorator(unless_internal, name="dispatch")
class GuardedSometimes(Both):
    pass


@method_decorator(require_auth(role="admin"), name="post")
class GuardedPost(Both):
    pass


class Mixed(RequireAuthMixin, Both):
    pass


class OwnDispatch(GuardedDispatch):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)


class GuardedOwnDispatch(Both):
    @method_decorator(require_auth)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)


class HiddenDispatch:
    def dispatch(self, request: HttpRequest, *_: Any, **__: Any) -> Any:
        return serve(request)


class Hidden(HiddenDispatch, View):
    @method_decorator(require_auth)
    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class OwnHead(View):
    @method_decorator(require_auth)
    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)

    def head(self, request: HttpRequest) -> HttpResponse:
        return serve(request)

    options = head


class GuardedGet(View):
    @method_decorator(require_auth)
    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class SetsGet(GuardedGet):
    def setup(self, *args: Any, **kwargs: Any) -> None:
        super().setup(*args, **kwargs)
        self.get = serve  # type: ignore[assignment, method-assign]


class SetsDispatch(GuardedGet):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.dispatch = serve  # type: ignore[assignment, method-assign]


class SetsShop(GuardedGet):
    def setup(self, *args: Any, **kwargs: Any) -> None:
        super().setup(*args, **kwargs)
        self.shop = kwargs.get("shop")


class AnyAttribute(GuardedGet):
    def __getattribute__(self, name: str) -> Any:
        return serve if name == "get" else super().__getattribute__(name)


class Another(GuardedGet):
    def __new__(cls, **_: Any) -> Any:
        return Both()


class OverridesGet(OwnHead):
    http_method_names = ["get"]  # noqa: RUF012

    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


class NothingIsForbidden(View):
    @method_decorator(require_auth)
    def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)

    def http_method_not_allowed(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return serve(request)


class AsyncMixed(RequireAuthMixin, View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return serve(request)


def _static(prefix: str) -> list[Any]:
    with override_settings(DEBUG=True):
        return static(prefix, view=serve)


urlpatterns = [
    path("open", serve),
    path("open-async", serve_async),
    path("guarded", guarded),
    path("guarded-async", require_auth(role="admin", organization=True)(serve_async)),
    path("optional", optional_auth(serve)),
    path("exempt", require_auth(exempt=["/exempt"])(serve)),
    path("public", public(reason="price list")(serve)),
    path("public-guarded", public(guarded)),
    path("guarded-public", require_auth(public(serve))),
    path("copied-mark", copied),
    path("disguised", disguised),
    path("disguised-by-django", disguised_by_django),
    path("sometimes", unless_internal(serve)),
    path("unwrapping", unwrapping(guarded)),
    path("knowing", knowing(guarded)),
    path("naming", naming(guarded)),
    path("caching", caching(guarded)),
    path("lru-cache", functools.lru_cache(guarded)),
    path("proxy", Proxy(guarded)),
    path("sets-get", SetsGet.as_view()),
    path("sets-dispatch", SetsDispatch.as_view()),
    path("sets-shop", SetsShop.as_view()),
    path("any-attribute", AnyAttribute.as_view()),
    path("another", Another.as_view()),
    path("logged-outside", logged(guarded)),
    path("logged-inside", require_auth(logged(serve))),
    path("logged-object", Logged(guarded)),
    path("logged-open", logged(serve)),
    path("of-django", csrf_exempt(require_GET(cache_page(9)(timed()(guarded))))),
    path("login", login_required(serve)),
    path("permission", permission_required("x.y")(serve)),
    path("test", user_passes_test(lambda _: True)(serve)),
    path("login-inside", require_auth(login_required(serve))),
    path("partial", functools.partial(guarded, number=1)),
    path("partial-open", functools.partial(serve, number=1)),
    path("calling", Calling()),
    path("calling-method", Calling().page),
    path("calling-guarded", GuardedCalling()),
    path("both", Both.as_view()),
    path("dispatch", GuardedDispatch.as_view()),
    path("list", GuardedByList.as_view()),
    path("list-logged", GuardedLogged.as_view()),
    path("dispatch-sometimes", GuardedSometimes.as_view()),
    path("post", GuardedPost.as_view()),
    path("mixed", Mixed.as_view()),
    path("mixed-async", AsyncMixed.as_view()),
    path("mixed-optional", Mixed.as_view(auth_options={"required": False})),
    path("decorated", require_auth(Both.as_view())),
    path("own-dispatch", OwnDispatch.as_view()),
    path("own-dispatch-guarded", GuardedOwnDispatch.as_view()),
    path("own-dispatch-given", GuardedDispatch.as_view(dispatch=serve)),
    path("hidden-dispatch", Hidden.as_view()),
    path("own-head", OwnHead.as_view()),
    path("overrides", OverridesGet.as_view()),
    path("names", Both.as_view(http_method_names=["post"])),
    path("not-allowed", NothingIsForbidden.as_view()),
    path("redirect", RedirectView.as_view(url="/open")),
    path("shops/<slug:name>/", include(([path("items/<int:id>", guarded)], "shop"))),
    re_path(r"^archive/(?P<year>\d{4})$", guarded),
    *_static("files/"),
    *i18n_patterns(path("about", serve), path("account", guarded)),
]

TRUTH = {
    "* /open": "open",
    "* /open-async": "open",
    "* /guarded": "guarded",
    "* /guarded-async": "guarded",
    "* /optional": "optional",
    "* /exempt": "exempt",
    "* /public": "public",
    "* /public-guarded": "guarded",
    "* /guarded-public": "guarded",
    "* /copied-mark": "open",
    "* /disguised": "unknown",
    "* /disguised-by-django": "unknown",
    "* /sometimes": "unknown",
    "* /unwrapping": "open",
    "* /knowing": "unknown",
    "* /naming": "unknown",
    "* /caching": "unknown",
    "* /lru-cache": "unknown",
    "* /proxy": "unknown",
    "GET /sets-get": "unknown",
    "GET /sets-dispatch": "unknown",
    "GET /sets-shop": "guarded",
    "GET /any-attribute": "unknown",
    "GET /another": "unknown",
    "* /logged-outside": "guarded",
    "* /logged-inside": "guarded",
    "* /logged-object": "guarded",
    "* /logged-open": "unknown",
    "* /of-django": "guarded",
    "* /login": "unknown",
    "* /permission": "unknown",
    "* /test": "unknown",
    "* /login-inside": "guarded",
    "* /partial": "guarded",
    "* /partial-open": "open",
    "* /calling": "open",
    "* /calling-method": "guarded",
    "* /calling-guarded": "guarded",
    "GET /both": "open",
    "POST /both": "open",
    "GET /dispatch": "guarded",
    "POST /dispatch": "guarded",
    "GET /list": "guarded",
    "POST /list": "guarded",
    "GET /list-logged": "guarded",
    "POST /list-logged": "guarded",
    "GET /dispatch-sometimes": "unknown",
    "POST /dispatch-sometimes": "unknown",
    "GET /post": "open",
    "POST /post": "guarded",
    "GET /mixed": "guarded",
    "POST /mixed": "guarded",
    "GET /mixed-async": "guarded",
    "GET /mixed-optional": "optional",
    "POST /mixed-optional": "optional",
    "GET /decorated": "guarded",
    "POST /decorated": "guarded",
    "* /own-dispatch": "unknown",
    "* /own-dispatch-guarded": "guarded",
    "* /own-dispatch-given": "unknown",
    "* /hidden-dispatch": "unknown",
    "GET /own-head": "guarded",
    "HEAD /own-head": "open",
    "OPTIONS /own-head": "open",
    "GET /overrides": "open",
    "POST /names": "open",
    "GET /not-allowed": "guarded",
    "* /not-allowed": "open",
    "GET /redirect": "open",
    "POST /redirect": "open",
    "PUT /redirect": "open",
    "PATCH /redirect": "open",
    "DELETE /redirect": "open",
    "* /shops/<slug:name>/items/<int:id>": "guarded",
    r"* /^archive/(?P<year>\d{4})$": "guarded",
    "* /^files/(?P<path>.*)$": "open",
    "* /<language>/about": "open",
    "* /<language>/account": "guarded",
}

SENT_TO = {
    "/shops/<slug:name>/items/<int:id>": "/shops/one/items/1",
    r"/^archive/(?P<year>\d{4})$": "/archive/2026",
    "/^files/(?P<path>.*)$": "/files/a.css",
    "/<language>/about": "/en-us/about",
    "/<language>/account": "/en-us/account",
}


def _named(decorator: str) -> str:
    """Return what a function that was made in a decorator has for a name."""
    return decorator if sys.version_info >= (3, 11) else "inner"


DETAILS = {
    "* /guarded-async": "organization=True, role='admin'",
    "* /public": "price list",
    "* /logged-open": f"decorator {__name__}.{_named('logged')}",
    "* /sometimes": f"decorator {__name__}.{_named('unless_internal')} may leave its guard out",
    "* /login": "login_required",
    "* /permission": "permission_required",
    "* /test": "user_passes_test",
    "* /own-dispatch": "dispatch of OwnDispatch",
    "* /hidden-dispatch": "dispatch of HiddenDispatch",
}
