"""`RequireAuthMixin` guards class-based views before any of their code runs."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.http import HttpRequest
from django.views import View
from django.views.generic import TemplateView

from torii_backend import ConfigurationError, Policy
from torii_backend.django import RequireAuthMixin, public

from .django_project import MIDDLEWARE, AsyncMeView, MeView, ask, ask_async
from .issuers import Issuers
from .messages import Request, bearer
from .refusals import REFUSALS

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}

pytestmark = pytest.mark.usefixtures("torii")


class _Me(RequireAuthMixin, MeView):
    entered = 0

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        type(self).entered += 1
        super().setup(request, *args, **kwargs)


class _AsyncMe(RequireAuthMixin, AsyncMeView):
    pass


class _Admins(_Me):
    auth_options: ClassVar = {"role": "admin"}


class _AsyncAdmins(_AsyncMe):
    auth_options: ClassVar = {"policy": Policy(role="admin")}


@pytest.mark.parametrize("view", [_Me, _AsyncMe])
@pytest.mark.parametrize("ask_it", [ask, ask_async])
def test_a_class_is_guarded(issuers: Issuers, view: type[View], ask_it: Any) -> None:
    guarded, good = view.as_view(), bearer(issuers.token())
    for overrides in ({}, {"MIDDLEWARE": [MIDDLEWARE]}):
        assert ask_it(guarded, Request(), **overrides).body == REFUSALS["no_credentials"].body
        assert ask_it(guarded, good, **overrides).json() == {"user_id": "ada"}


@pytest.mark.parametrize("view", [_Admins, _AsyncAdmins])
@pytest.mark.parametrize("ask_it", [ask, ask_async])
def test_a_class_may_set_its_options(issuers: Issuers, view: type[View], ask_it: Any) -> None:
    for overrides in ({}, {"MIDDLEWARE": [MIDDLEWARE]}):
        assert ask_it(view.as_view(), Request(), **overrides).status == 401
        refused = ask_it(view.as_view(), bearer(issuers.token()), **overrides)
        assert (refused.status, refused.body) == (403, REFUSALS["role"].body)
        good = bearer(issuers.token(**ADMIN))
        assert ask_it(view.as_view(), good, **overrides).json() == {"user_id": "ada"}


def test_no_code_of_the_view_runs_for_a_refused_request(issuers: Issuers) -> None:
    before = _Me.entered
    assert ask(_Me.as_view(), Request()).status == 401
    assert _Me.entered == before
    assert ask(_Me.as_view(), bearer(issuers.token())).status == 200
    assert _Me.entered == before + 1


def test_a_guarded_class_requires_sign_in_even_if_it_is_public(issuers: Issuers) -> None:
    public_view = public(_Me.as_view())
    assert ask(public_view, Request(), MIDDLEWARE=[MIDDLEWARE]).status == 401
    assert ask(public_view, bearer(issuers.token()), MIDDLEWARE=[MIDDLEWARE]).status == 200


def test_the_view_function_keeps_its_view_class() -> None:
    view: Any = _Me.as_view()
    assert view.view_class is _Me


@pytest.mark.parametrize("base", [View, TemplateView, type("Base", (View,), {})])
def test_the_mixin_must_come_before_the_view(base: type[View]) -> None:
    """After it, the mixin would not guard the view."""
    with pytest.raises(
        ConfigurationError, match="RequireAuthMixin must come before the other bases"
    ):
        type("Wrong", (base, RequireAuthMixin), {})


def test_a_mixin_may_inherit_from_ours(issuers: Issuers) -> None:
    class Staff(RequireAuthMixin):
        auth_options: ClassVar = {"role": "admin"}

    class Page(Staff, _Me):
        pass

    assert ask(Page.as_view(), bearer(issuers.token())).status == 403
    assert ask(Page.as_view(), bearer(issuers.token(**ADMIN))).status == 200


@pytest.mark.parametrize("view", [_Me, _AsyncMe, _Admins, _AsyncAdmins])
def test_as_view_may_set_the_options(issuers: Issuers, view: type[View]) -> None:
    """As it may set any attribute of the class. It replaces the options of the class."""
    guarded = view.as_view(auth_options={"role": "owner"})
    owner = issuers.token(org_id="org_1", org_role="owner")
    for ask_it in (ask, ask_async):
        assert ask_it(guarded, Request()).status == 401
        assert ask_it(guarded, bearer(issuers.token(**ADMIN))).body == REFUSALS["role"].body
        assert ask_it(guarded, bearer(owner)).json() == {"user_id": "ada"}


@pytest.mark.parametrize(
    ("options", "error"), [({"role": ""}, ConfigurationError), ({"rol": "admin"}, TypeError)]
)
def test_wrong_options_raise_at_once(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="rol"):
        type("Wrong", (RequireAuthMixin, View), {"auth_options": options})
    with pytest.raises(error, match="rol"):
        _Admins.as_view(auth_options=options)
