"""Hard routes of django-ninja, without our middleware."""

from __future__ import annotations

from functools import wraps
from itertools import count
from typing import Any, Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view
from ninja.security import APIKeyHeader, HttpBearer, django_auth

from torii_backend.django import public, require_auth
from torii_backend.ninja import ToriiBearer

Function = Callable[..., Any]


class OwnBearer(ToriiBearer):
    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request)


class Renamed(ToriiBearer):
    openapi_description = "A token."


class Foreign(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> str:  # noqa: ARG002
        return token


class Key(APIKeyHeader):
    def authenticate(self, request: HttpRequest, key: Any) -> Any:  # noqa: ARG002
        return key


def anybody(_: HttpRequest) -> str:
    return "anybody"


def passing(view: Function) -> Function:
    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


def operation() -> Function:
    def respond(request: HttpRequest) -> str:
        return "in"

    respond.__name__ += str(next(numbers))
    return respond


numbers = count()


def by_id(request: HttpRequest, id: int) -> str:  # noqa: A002
    return "in"


async def later(request: HttpRequest) -> str:
    return "in"


api = NinjaAPI(auth=ToriiBearer(role="admin", organization=True), urls_namespace="guarded")
for name, auth in {
    "none": None,
    "policy": ToriiBearer(email_verified=True),
    "optional": ToriiBearer(required=False),
    "session": [django_auth, ToriiBearer()],
    "callable": [anybody, ToriiBearer()],
    "foreign": Foreign(),
    "key": [ToriiBearer(), Key()],
    "either": [ToriiBearer(role="owner", organization=True), ToriiBearer(email_verified=True)],
    "own": OwnBearer(),
    "renamed": Renamed(),
    "exempt": ToriiBearer(exempt=["/api/exempt"]),
}.items():
    api.get(f"/{name}", auth=auth)(operation())
api.get("/inherited")(operation())
api.get("/later")(later)
api.get("/mixed/{int:id}")(by_id)
api.post("/mixed/{int:id}", auth=None, operation_id="post_by_id")(by_id)
api.api_operation(["PUT", "PATCH"], "/several")(operation())
api.get("/twice", auth=None)(operation())
api.get("/twice")(operation())
api.get("/viewed", auth=None)(require_auth(operation()))
api.get("/decorated", auth=None)(decorate_view(require_auth)(operation()))
api.get("/decorated-passing")(decorate_view(passing)(operation()))
api.get("/passing", auth=None)(passing(operation()))

router = Router(auth=None)
router.get("/open")(operation())
router.get("/guarded", auth=ToriiBearer())(operation())
inner = Router()
inner.get("/open")(operation())
router.add_router("/inner", inner)
api.add_router("/router", router)
guarded_router = Router(auth=ToriiBearer(claims={"plan": "pro"}))
guarded_router.get("/guarded")(operation())
api.add_router("/other", guarded_router)

unguarded = NinjaAPI(urls_namespace="open", docs_url=None)
unguarded.get("/open")(operation())
unguarded.get("/guarded", auth=ToriiBearer())(operation())
signed_in = NinjaAPI(urls_namespace="docs", docs_decorator=require_auth, auth=ToriiBearer())
staff = NinjaAPI(urls_namespace="staff", docs_decorator=login_required)
hidden = NinjaAPI(urls_namespace="hidden", openapi_url=None, auth=ToriiBearer())
hidden.get("/public")(public(operation()))

urlpatterns = [
    path("api/", api.urls),
    path("open/", unguarded.urls),
    path("docs/", signed_in.urls),
    path("staff/", staff.urls),
    path("hidden/", hidden.urls),
]

TRUTH = {
    "* /api/openapi.json": "open",
    "* /api/docs": "open",
    "GET /api/none": "open",
    "GET /api/policy": "guarded",
    "GET /api/optional": "optional",
    "GET /api/session": "unknown",
    "GET /api/callable": "unknown",
    "GET /api/foreign": "unknown",
    "GET /api/key": "unknown",
    "GET /api/either": "guarded",
    "GET /api/own": "unknown",
    "GET /api/renamed": "guarded",
    "GET /api/exempt": "exempt",
    "GET /api/inherited": "guarded",
    "GET /api/later": "guarded",
    "GET /api/mixed/<int:id>": "guarded",
    "POST /api/mixed/<int:id>": "open",
    "PUT /api/several": "guarded",
    "PATCH /api/several": "guarded",
    "GET /api/twice": "open",
    "GET /api/viewed": "guarded",
    "GET /api/decorated": "guarded",
    "GET /api/decorated-passing": "guarded",
    "GET /api/passing": "unknown",
    "GET /api/router/open": "open",
    "GET /api/router/guarded": "guarded",
    "GET /api/router/inner/open": "open",
    "GET /api/other/guarded": "guarded",
    "* /open/openapi.json": "open",
    "GET /open/open": "open",
    "GET /open/guarded": "guarded",
    "* /docs/openapi.json": "guarded",
    "* /docs/docs": "guarded",
    "* /staff/openapi.json": "unknown",
    "* /staff/docs": "unknown",
    "GET /hidden/public": "guarded",
}

SENT_TO = {"/api/mixed/<int:id>": "/api/mixed/1"}

DETAILS = {
    "GET /api/policy": "email_verified=True",
    "GET /api/session": "SessionAuth",
    "GET /api/callable": "anybody",
    "GET /api/either": "organization=True, role='owner' | email_verified=True",
    "GET /api/exempt": "/api/exempt",
    "* /staff/docs": "login_required",
}
