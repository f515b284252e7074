"""USER_RESOLVER maps an Auth to a user. Without it, `request.user` stays as it is."""

from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, Callable

import pytest
from django.core.checks import run_checks
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from torii_backend import (
    Auth,
    ConfigurationError,
    InvalidToken,
    MissingCredentials,
    PermissionDenied,
)
from torii_backend.django import AuthMiddleware, optional_auth, public, require_auth

from .application import Crash
from .django_project import BOTH, MIDDLEWARE, ask, ask_async, view
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import assert_refused_as

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


async def _nobody() -> None:
    return None


def _name(request: Any) -> JsonResponse:
    return JsonResponse({"name": request.user.name, "again": request.user.name})


async def _async_name(request: Any) -> JsonResponse:
    user = await request.auser()
    return JsonResponse({"name": user.name, "again": (await request.auser()).name})


def _idle(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"has_user": hasattr(request, "user")})


async def _async_idle(request: HttpRequest) -> JsonResponse:
    return _idle(request)


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


_WAYS = ("sync_middleware", "async_middleware", "sync_view", "async_view")


def _ask(
    way: str, request: Request, torii: dict[str, Any], *, wrap: Any = require_auth
) -> Response:
    """Ask for the name of the user, guarded in one of four ways."""
    each, sends = (_async_name, ask_async) if way.startswith("async") else (_name, ask)
    if way.endswith("view"):
        return sends(wrap(each), request, TORII=torii)
    return sends(each, request, TORII=torii, **BY_MIDDLEWARE)


def _raising(error: Exception) -> Any:
    def find(auth: Auth) -> Any:
        raise error

    return find


class Inactive(User):
    is_active = False


def _returning(user: Callable[[], Any]) -> Any:
    return lambda _: user()


NOBODY = {
    "none": _returning(lambda: None),
    "inactive": _returning(lambda: Inactive("ada")),
    "inactive_0": _returning(lambda: SimpleNamespace(is_active=0, name="ada")),
    "lazy_none": _returning(lambda: SimpleLazyObject(lambda: None)),
    "lazy_inactive": _returning(lambda: SimpleLazyObject(lambda: Inactive("ada"))),
}


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("resolver", NOBODY.values(), ids=NOBODY)
def test_who_has_no_active_user_is_refused_before_the_view_runs(
    issuers: Issuers, way: str, resolver: Any
) -> None:
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": resolver}
    assert_refused_as(_ask(way, bearer(issuers.token()), torii), "user")
    assert_refused_as(_ask(way, Request(), torii), "no_credentials")


@pytest.mark.parametrize("way", _WAYS)
def test_the_resolver_may_raise(issuers: Issuers, way: str) -> None:
    statuses = {
        PermissionDenied("Your account is locked."): 403,
        DjangoPermissionDenied(): 403,
        Http404(): 404,
    }
    for error, status in statuses.items():
        torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": _raising(error)}
        response = _ask(way, bearer(issuers.token()), torii)
        assert response.status == status
        if isinstance(error, PermissionDenied):
            expected = {"code": "permission_denied", "message": "Your account is locked."}
            assert response.json() == {"error": expected}


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("error", [Crash(), InvalidToken("expired"), MissingCredentials()])
def test_another_exception_of_the_resolver_is_one_500(
    issuers: Issuers, way: str, error: Exception
) -> None:
    calls: list[str] = []

    def find(auth: Auth) -> Any:
        calls.append(auth.user_id)
        raise error

    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": find}
    assert _ask(way, bearer(issuers.token()), torii).status == 500
    assert calls == ["ada"]
    if way.endswith("view"):
        assert _ask(way, bearer(issuers.token()), torii, wrap=optional_auth).status == 500


@pytest.mark.parametrize("way", _WAYS)
def test_a_coroutine_is_no_user(issuers: Issuers, way: str) -> None:
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": _returning(_nobody)}
    assert _ask(way, bearer(issuers.token()), torii).status == 500


def test_nobody_is_resolved_where_no_token_is_read(issuers: Issuers) -> None:
    torii = {"ISSUER": issuers.home.issuer, "EXEMPT": ["/me"], "USER_RESOLVER": _raising(Crash())}
    for ask_it, each in ((ask, _idle), (ask_async, _async_idle)):
        exempt = ask_it(each, bearer(issuers.token()), TORII=torii, **BY_MIDDLEWARE)
        assert exempt.json() == {"has_user": False}


@pytest.mark.parametrize(
    "resolver", [NOBODY["none"], NOBODY["inactive"], _raising(PermissionDenied())]
)
def test_on_a_public_view_who_has_no_active_user_is_not_signed_in(
    issuers: Issuers, resolver: Any
) -> None:
    """They could leave the token out. A guard on the view still refuses them."""
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": resolver}
    good = bearer(issuers.token())
    for ask_it, each in BOTH:
        assert ask_it(public(each), good, TORII=torii, **BY_MIDDLEWARE).json() == {"user_id": None}
        guarded = public(require_auth(each))
        assert ask_it(guarded, good, TORII=torii, **BY_MIDDLEWARE).status == 403


def test_guards_inside_one_another_ask_the_resolver_once(issuers: Issuers) -> None:
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    for ask_it, each in ((ask, _name), (ask_async, _async_name)):
        finder.threads.clear()
        guarded = require_auth(require_auth(each))
        assert ask_it(guarded, good, TORII=torii, **BY_MIDDLEWARE).status == 200
        assert len(finder.threads) == 1
    other = require_auth(issuer=issuers.other.issuer, header="x-other")(_name)
    foreign = ("X-Other", f"Bearer {issuers.other.issue_token(user_id='grace').access_token}")
    two = Request(headers=(*good.headers, foreign))
    assert ask(other, two, TORII=torii, **BY_MIDDLEWARE).json()["name"] == "user grace"


def test_the_resolver_runs_in_a_thread_for_an_async_view(issuers: Issuers) -> None:
    """It may query the database."""
    finder = Finder()
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": finder}
    good = bearer(issuers.token())
    assert ask_async(_async_name, good, TORII=torii, **BY_MIDDLEWARE).status == 200
    assert len(finder.threads) == 1
    assert finder.threads != [threading.get_ident()]


@pytest.mark.parametrize(("ask_it", "view"), [(ask_async, _name), (ask, _async_name)])
def test_the_resolver_serves_views_of_the_other_kind(
    issuers: Issuers, ask_it: Any, view: Any
) -> None:
    torii = {"ISSUER": issuers.home.issuer, "USER_RESOLVER": find}
    good = bearer(issuers.token())
    for guarded, settings in ((view, BY_MIDDLEWARE), (require_auth(view), {})):
        assert ask_it(guarded, good, TORII=torii, **settings).json()["name"] == "user ada"
        refused = ask_it(
            guarded, good, TORII={**torii, "USER_RESOLVER": lambda _: None}, **settings
        )
        assert_refused_as(refused, "user")


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
    "resolver",
    ["no.such.module", f"{__name__}.nothing", "find", find_async, partial(find_async), 7],
)
def test_a_wrong_resolver_raises_at_start(issuer: str, resolver: Any) -> None:
    with override_settings(TORII={"ISSUER": issuer, "USER_RESOLVER": resolver}):
        with pytest.raises(ConfigurationError, match="USER_RESOLVER"):
            AuthMiddleware(view)
        (message,) = run_checks()
        assert message.id == "torii.E001"
