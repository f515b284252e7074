"""USER_RESOLVER maps an Auth to a user. Without it, `request.user` stays as it is."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, JsonResponse
from django.test import override_settings

from torii_backend import Auth, ConfigurationError
from torii_backend.django import AuthMiddleware, require_auth

from .django_project import MIDDLEWARE, ask, ask_async, view
from .issuers import Issuers
from .messages import Request, bearer

DJANGO_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"


class User:
    """A user of the project."""

    def __init__(self, name: str) -> None:
        self.name = name


class Finder:
    """A USER_RESOLVER that records the threads that call it."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, auth: Auth) -> User:
        self.threads.append(threading.get_ident())
        return User(f"user {auth.user_id}")


def find(auth: Auth) -> User:
    return User(f"user {auth.user_id}")


async def find_async(auth: Auth) -> User:
    return find(auth)


def _name(request: Any) -> JsonResponse:
    return JsonResponse({"name": request.user.name, "again": request.user.name})


async def _async_name(request: Any) -> JsonResponse:
    user = await request.auser()
    return JsonResponse({"name": user.name, "again": (await request.auser()).name})


def _idle(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"has_user": hasattr(request, "user")})


BY_MIDDLEWARE: dict[str, Any] = {"MIDDLEWARE": [MIDDLEWARE]}


@pytest.mark.parametrize("resolver", [find, f"{__name__}.find"])
def test_the_resolver_returns_the_user(issuers: Issuers, resolver: Any) -> None:
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": resolver}
    expected = {"name": "user ada", "again": "user ada"}
    good = bearer(issuers.token())
    assert ask(_name, good, TORII=torii, **BY_MIDDLEWARE).json() == expected
    assert ask(require_auth(_name), good, TORII=torii).json() == expected
    assert ask_async(_async_name, good, TORII=torii, **BY_MIDDLEWARE).json() == expected
    assert ask_async(require_auth(_async_name), good, TORII=torii).json() == expected


def test_the_resolver_runs_once_and_only_if_the_user_is_used(issuers: Issuers) -> None:
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    assert ask(_idle, good, TORII=torii, **BY_MIDDLEWARE).json() == {"has_user": True}
    assert finder.threads == []
    assert ask(_name, good, TORII=torii, **BY_MIDDLEWARE).status == 200
    assert finder.threads == [threading.get_ident()]


def test_the_resolver_runs_in_a_thread_for_an_async_view(issuers: Issuers) -> None:
    """It may query the database."""
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    assert ask_async(_async_name, good, TORII=torii, **BY_MIDDLEWARE).status == 200
    assert len(finder.threads) == 1
    assert finder.threads != [threading.get_ident()]


def test_the_user_stays_as_it_is_without_a_resolver_or_a_token(issuers: Issuers) -> None:
    unresolved = {"ISSUER": issuers.home.issuer, "REQUIRED": False}
    resolved = {**unresolved, "USER_RESOLVER": find}
    for torii, request in (
        (unresolved, bearer(issuers.token())),
        (unresolved, Request()),
        (resolved, Request()),
    ):
        assert ask(_idle, request, TORII=torii, **BY_MIDDLEWARE).json() == {"has_user": False}


@pytest.mark.parametrize(
    "resolver", ["no.such.module", f"{__name__}.nothing", "find", find_async, 7]
)
def test_a_wrong_resolver_raises_at_start(issuer: str, resolver: Any) -> None:
    with override_settings(TORII={"ISSUER": issuer, "USER_RESOLVER": resolver}):
        with pytest.raises(ConfigurationError, match="USER_RESOLVER"):
            AuthMiddleware(view)
        (message,) = run_checks()
        assert message.id == "torii.E001"


def test_the_check_warns_if_django_replaces_the_user(issuer: str) -> None:
    resolving = {"ISSUER": issuer, "USER_RESOLVER": find}

    def identifiers(torii: dict[str, Any], *middleware: str) -> list[Any]:
        with override_settings(TORII=torii, MIDDLEWARE=list(middleware)):
            return [message.id for message in run_checks(tags=["security"])]

    assert "torii.W002" in identifiers(resolving, MIDDLEWARE, DJANGO_AUTH)
    assert "torii.W002" not in identifiers(resolving, DJANGO_AUTH, MIDDLEWARE)
    assert "torii.W002" not in identifiers({"ISSUER": issuer}, MIDDLEWARE, DJANGO_AUTH)
    assert "torii.W002" not in identifiers(resolving, DJANGO_AUTH)
