"""USER_RESOLVER maps an Auth to a user; without it, `request.user` is left alone."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Optional

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, JsonResponse
from django.test import override_settings

from torii_backend import Auth, ConfigurationError
from torii_backend.django import AuthMiddleware, require_auth

from .django_project import MIDDLEWARE, asgi_handler, view, wsgi_handler
from .issuers import Issuers
from .messages import Request, Response, bearer
from .transport import call_asgi, call_wsgi

DJANGO_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"


class User:
    """A user of the project's own."""

    def __init__(self, name: str) -> None:
        self.name = name


class Finder:
    """A USER_RESOLVER that counts and notes its threads."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, auth: Auth) -> User:
        self.threads.append(threading.get_ident())
        return User(f"user {auth.user_id}")


def find(auth: Auth) -> User:
    return User(f"user {auth.user_id}")


async def find_later(auth: Auth) -> User:
    return find(auth)


def _name(request: Any) -> JsonResponse:
    return JsonResponse({"name": request.user.name, "again": request.user.name})


async def _async_name(request: Any) -> JsonResponse:
    user = await request.auser()
    return JsonResponse({"name": user.name, "again": (await request.auser()).name})


def _idle(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"has_user": hasattr(request, "user")})


def _answer(guarded: Any, request: Request, torii: dict[str, Any], **more: Any) -> Response:
    with override_settings(TORII=torii):
        return call_wsgi(wsgi_handler(guarded, **more), request)


def _async_answer(guarded: Any, request: Request, torii: dict[str, Any], **more: Any) -> Response:
    with override_settings(TORII=torii):
        return asyncio.run(call_asgi(asgi_handler(guarded, **more), request))


BY_MIDDLEWARE: dict[str, Any] = {"MIDDLEWARE": [MIDDLEWARE]}


@pytest.mark.parametrize("resolver", [find, f"{__name__}.find"])
def test_the_user_is_the_answer_of_the_resolver(issuers: Issuers, resolver: Any) -> None:
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": resolver}
    expected = {"name": "user ada", "again": "user ada"}
    good = bearer(issuers.token())
    assert _answer(_name, good, torii, **BY_MIDDLEWARE).json() == expected
    assert _answer(require_auth(_name), good, torii).json() == expected
    assert _async_answer(_async_name, good, torii, **BY_MIDDLEWARE).json() == expected
    assert _async_answer(require_auth(_async_name), good, torii).json() == expected


def test_the_user_is_found_once_and_only_when_asked(issuers: Issuers) -> None:
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    assert _answer(_idle, good, torii, **BY_MIDDLEWARE).json() == {"has_user": True}
    assert finder.threads == []
    assert _answer(_name, good, torii, **BY_MIDDLEWARE).status == 200
    assert finder.threads == [threading.get_ident()]


def test_an_async_view_waits_for_the_user_in_a_thread(issuers: Issuers) -> None:
    """A resolver may query the database."""
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    assert _async_answer(_async_name, good, torii, **BY_MIDDLEWARE).status == 200
    assert len(finder.threads) == 1
    assert finder.threads != [threading.get_ident()]


@pytest.mark.parametrize("resolver", [None, find])
def test_the_user_of_a_request_of_nobody_is_left_alone(
    issuers: Issuers, resolver: Optional[Any]
) -> None:
    torii = {"ISSUER": issuers.home.issuer, "REQUIRED": False, "USER_RESOLVER": resolver}
    assert _answer(_idle, Request(), torii, **BY_MIDDLEWARE).json() == {"has_user": False}


def test_without_a_resolver_the_user_is_left_alone(issuers: Issuers) -> None:
    torii = {"ISSUER": issuers.home.issuer}
    good = bearer(issuers.token())
    assert _answer(_idle, good, torii, **BY_MIDDLEWARE).json() == {"has_user": False}


@pytest.mark.parametrize(
    "resolver", ["no.such.module", f"{__name__}.nothing", "find", find_later, 7]
)
def test_a_wrong_resolver_is_found_at_start(issuer: str, resolver: Any) -> None:
    with override_settings(TORII={"ISSUER": issuer, "USER_RESOLVER": resolver}):
        with pytest.raises(ConfigurationError, match="USER_RESOLVER"):
            AuthMiddleware(view)
        (message,) = run_checks()
        assert message.id == "torii.E001"


def test_the_check_warns_where_django_would_replace_the_user(issuer: str) -> None:
    resolving = {"ISSUER": issuer, "USER_RESOLVER": find}

    def identifiers(torii: dict[str, Any], *middleware: str) -> list[Any]:
        with override_settings(TORII=torii, MIDDLEWARE=list(middleware)):
            return [message.id for message in run_checks(tags=["security"])]

    assert "torii.W002" in identifiers(resolving, MIDDLEWARE, DJANGO_AUTH)
    assert "torii.W002" not in identifiers(resolving, DJANGO_AUTH, MIDDLEWARE)
    assert "torii.W002" not in identifiers({"ISSUER": issuer}, MIDDLEWARE, DJANGO_AUTH)
    assert "torii.W002" not in identifiers(resolving, DJANGO_AUTH)
