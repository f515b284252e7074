"""`RequireAuthMixin`: guards class-based views before anything of them runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.views import View
from django.views.generic import TemplateView

from torii_backend import Auth, ConfigurationError, Policy, current_auth
from torii_backend.django import RequireAuthMixin, public

from .django_project import MIDDLEWARE, asgi_handler, wsgi_handler
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import REFUSALS
from .transport import call_asgi, call_wsgi

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}


class _Me(RequireAuthMixin, View):
    entered = 0

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        type(self).entered += 1
        super().setup(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> JsonResponse:
        auth: Auth = request.auth  # type: ignore[attr-defined]
        assert auth is current_auth()
        return JsonResponse({"user_id": auth.user_id})


class _Later(RequireAuthMixin, View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        auth = current_auth()
        assert auth is request.auth is not None  # type: ignore[attr-defined]
        return JsonResponse({"user_id": auth.user_id})


class _Admins(_Me):
    auth_options: ClassVar = {"role": "admin"}


class _LaterAdmins(_Later):
    auth_options: ClassVar = {"policy": Policy(role="admin")}


@pytest.fixture(autouse=True)
def _torii(issuer: str) -> Iterator[None]:
    with override_settings(TORII={"ISSUER": issuer}):
        yield


def _answer(view: type[View], request: Request, **overrides: Any) -> Response:
    return call_wsgi(wsgi_handler(view.as_view(), **overrides), request)


def _async_answer(view: type[View], request: Request, **overrides: Any) -> Response:
    return _call_async(asgi_handler(view.as_view(), **overrides), request)


def _call_async(handler: Any, request: Request) -> Response:
    return asyncio.run(call_asgi(handler, request))


@pytest.mark.parametrize("view", [_Me, _Later])
@pytest.mark.parametrize("answer", [_answer, _async_answer])
def test_a_class_is_guarded(issuers: Issuers, view: type[View], answer: Any) -> None:
    for overrides in ({}, {"MIDDLEWARE": [MIDDLEWARE]}):
        assert answer(view, Request(), **overrides).body == REFUSALS["no_credentials"].body
        assert answer(view, bearer(issuers.token()), **overrides).json() == {"user_id": "ada"}


@pytest.mark.parametrize("view", [_Admins, _LaterAdmins])
@pytest.mark.parametrize("answer", [_answer, _async_answer])
def test_a_class_may_name_its_options(issuers: Issuers, view: type[View], answer: Any) -> None:
    for overrides in ({}, {"MIDDLEWARE": [MIDDLEWARE]}):
        assert answer(view, Request(), **overrides).status == 401
        refused = answer(view, bearer(issuers.token()), **overrides)
        assert (refused.status, refused.body) == (403, REFUSALS["role"].body)
        good = bearer(issuers.token(**ADMIN))
        assert answer(view, good, **overrides).json() == {"user_id": "ada"}


def test_nothing_of_the_view_runs_for_a_refused_request(issuers: Issuers) -> None:
    before = _Me.entered
    assert _answer(_Me, Request()).status == 401
    assert _Me.entered == before
    assert _answer(_Me, bearer(issuers.token())).status == 200
    assert _Me.entered == before + 1


def test_a_guarded_class_stays_closed_though_it_is_marked_public(issuers: Issuers) -> None:
    handler = wsgi_handler(public(_Me.as_view()), MIDDLEWARE=[MIDDLEWARE])
    assert call_wsgi(handler, Request()).status == 401
    assert call_wsgi(handler, bearer(issuers.token())).status == 200


def test_the_view_function_shows_its_class() -> None:
    view: Any = _Me.as_view()
    assert view.view_class is _Me


@pytest.mark.parametrize("base", [View, TemplateView, type("Base", (View,), {})])
def test_the_mixin_after_the_view_is_found_where_the_class_is_declared(base: type[View]) -> None:
    """There it would guard nothing."""
    with pytest.raises(
        ConfigurationError, match="RequireAuthMixin must come before the other bases"
    ):
        type("Wrong", (base, RequireAuthMixin), {})


def test_a_mixin_of_mixins_is_guarded(issuers: Issuers) -> None:
    class Staff(RequireAuthMixin):
        auth_options: ClassVar = {"role": "admin"}

    class Page(Staff, _Me):
        pass

    assert _answer(Page, bearer(issuers.token())).status == 403
    assert _answer(Page, bearer(issuers.token(**ADMIN))).status == 200


def test_wrong_options_are_found_where_the_class_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        type("Wrong", (RequireAuthMixin, View), {"auth_options": {"role": ""}})
    with pytest.raises(TypeError, match="rol"):
        type("Wrong", (RequireAuthMixin, View), {"auth_options": {"rol": "admin"}})


@pytest.mark.parametrize("view", [_Me, _Later, _Admins, _LaterAdmins])
def test_as_view_may_name_the_options(issuers: Issuers, view: type[View]) -> None:
    """As it may any attribute of the class; those of the class count no more then."""
    guarded = view.as_view(auth_options={"role": "owner"})
    owner = issuers.token(org_id="org_1", org_role="owner")
    wsgi, asgi = wsgi_handler(guarded), asgi_handler(guarded)
    for answer in (partial(call_wsgi, wsgi), partial(_call_async, asgi)):
        assert answer(Request()).status == 401
        assert answer(bearer(issuers.token(**ADMIN))).body == REFUSALS["role"].body
        assert answer(bearer(owner)).json() == {"user_id": "ada"}


def test_wrong_options_of_as_view_are_found_where_it_is_called() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        _Me.as_view(auth_options={"role": ""})
    with pytest.raises(TypeError, match="rol"):
        _Admins.as_view(auth_options={"rol": "admin"})
