"""Guarding Django views."""

from __future__ import annotations

from typing import Callable, Optional

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from typing_extensions import assert_type

from torii_backend import Auth, Policy
from torii_backend.django import (
    AuthMiddleware,
    RequireAuthMixin,
    current_auth,
    optional_auth,
    public,
    require_auth,
    unguarded_routes,
)
from torii_backend.django.sessions import StaffSiteMixin, is_staff, session_view


@require_auth
def me(request: HttpRequest) -> JsonResponse:
    assert_type(current_auth(), Optional[Auth])
    return JsonResponse({"ok": True})


@require_auth
def page(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


@require_auth(issuer="https://acme.torii.so", audience=["api"], required=False)
async def maybe(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


@optional_auth
def visitor(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


@optional_auth(issuer=lambda request: request.host, role="admin")
async def visitor_later(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


@public
def opened(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


@public
async def opened_later(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


@public(reason="price list")
def prices(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


class Invoices(RequireAuthMixin, View):
    auth_options = {"role": "admin", "email_verified": True}

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


class Misspelt(RequireAuthMixin, View):
    auth_options = {"rol": "admin"}  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportAssignmentType]


@method_decorator(public, name="dispatch")
class Open(View):
    pass


urlpatterns = [
    path("me", me),
    path("page/<int:number>", page),
    path("maybe", maybe),
    path("invoices", Invoices.as_view()),
    path("open", Open.as_view()),
    path("opened", opened),
]
kept: Callable[[HttpRequest, int], HttpResponse] = page


async def calling(request: HttpRequest) -> None:
    assert_type(me(request), JsonResponse)
    assert_type(page(request, 1), HttpResponse)
    assert_type(await maybe(request), JsonResponse)
    assert_type(opened(request, 1), HttpResponse)
    assert_type(await opened_later(request), JsonResponse)
    assert_type(prices(request, 1), HttpResponse)
    assert_type(visitor(request, 1), HttpResponse)
    assert_type(await visitor_later(request), JsonResponse)
    visitor(request, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    opened(request, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    prices(request, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    page(request, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AuthMiddleware(me)(request)


require_auth(isuer="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
require_auth(leeway=[])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
optional_auth(required=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
public(reason=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
optional_auth(leeway=[])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]

assert_type(unguarded_routes(), list[str])
assert_type(unguarded_routes("shop.urls"), list[str])


class Site(StaffSiteMixin, AdminSite):
    pass


def report(request: HttpRequest) -> None:
    assert_type(is_staff(request), bool)


session_urls = [
    path("session", session_view()),
    path("hours", session_view(lifetime=3600, staff=Policy(role="admin"), email_verified=True)),
]
session_view(lifetime="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
session_view(staff="admin")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
session_view(required=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
