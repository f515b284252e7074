"""Guarding Django views."""

from __future__ import annotations

from typing import Callable, Optional

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from typing_extensions import assert_type

from torii_backend import Auth
from torii_backend.django import AuthMiddleware, current_auth, require_auth


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


urlpatterns = [path("me", me), path("page/<int:number>", page), path("maybe", maybe)]
kept: Callable[[HttpRequest, int], HttpResponse] = page


async def calling(request: HttpRequest) -> None:
    assert_type(me(request), JsonResponse)
    assert_type(page(request, 1), HttpResponse)
    assert_type(await maybe(request), JsonResponse)
    page(request, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AuthMiddleware(me)(request)


require_auth(isuer="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
require_auth(leeway=[])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
