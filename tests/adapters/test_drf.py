"""Authentication in Django REST framework: who a request comes from, beyond the contract."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import JsonResponse
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from rest_framework.exceptions import APIException
from rest_framework.permissions import (
    AllowAny,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAdminUser,
)
from rest_framework.request import Request as RestRequest

from torii_backend import Auth, ConfigurationError, current_auth
from torii_backend._guard.refusal import RefusalResponse
from torii_backend.django import require_auth
from torii_backend.drf import ToriiAuthentication, ToriiUser

from .django_project import MIDDLEWARE, wsgi_handler
from .drf_views import ADMIN, REALM, ByCookie, Me, ObjectView, Stranger, answer_to, permitting
from .issuers import Issuers
from .messages import Request, authorization, bearer
from .refusals import REFUSALS, assert_refused_as
from .transport import call_wsgi

pytestmark = pytest.mark.usefixtures("torii")


class _Named(Me):
    def get(self, request: RestRequest) -> JsonResponse:
        user: object = request.user
        assert isinstance(user, Stranger)
        return JsonResponse({"name": user.name})


def test_a_401_of_rest_framework_stays_a_401() -> None:
    response = answer_to(Request())
    assert response.status == 401
    assert response.header("www-authenticate") == REALM


def test_a_good_token_lets_its_user_in(issuers: Issuers) -> None:
    assert answer_to(bearer(issuers.token())).json() == {"user_id": "ada"}


def test_a_view_that_allows_any_lets_nobody_in_as_none(issuers: Issuers) -> None:
    allow = permitting(AllowAny)
    assert answer_to(Request(), **allow).json() == {"user_id": None}
    assert answer_to(authorization("Basic YWRhOmFkYQ=="), **allow).json() == {"user_id": None}
    assert answer_to(bearer(issuers.token()), **allow).json() == {"user_id": "ada"}
    assert_refused_as(answer_to(bearer(issuers.token(expires_in=-3600)), **allow), "expired")
    assert_refused_as(answer_to(authorization("Bearer"), **allow), "malformed_credentials")


def test_an_outage_is_no_bad_token(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["ISSUER"] = issuers.down.issuer
    response = answer_to(bearer(issuers.down.issue_token().access_token))
    assert_refused_as(response, "keys_unavailable")
    assert int(response.header("retry-after") or 0) >= 1


def test_the_user_is_a_principal_that_carries_the_auth(issuers: Issuers) -> None:
    users: list[Any] = []

    class Note(Me):
        def get(self, request: RestRequest) -> JsonResponse:
            users.extend([request.user, request._request.user])
            return super().get(request)

    assert answer_to(bearer(issuers.token()), Note).status == 200
    user, same = users
    assert user is same
    assert isinstance(user, ToriiUser)
    assert isinstance(user.auth, Auth)
    assert (user.pk, user.id, user.username, str(user)) == ("ada",) * 4
    assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
    assert (user.is_staff, user.is_superuser) == (False, False)


class _Rows:
    """As much of a QuerySet as permissions look at."""

    model = SimpleNamespace(_meta=SimpleNamespace(app_label="shop", model_name="row"))


@pytest.mark.parametrize(
    "permission", [DjangoModelPermissions, DjangoObjectPermissions, IsAdminUser]
)
def test_the_user_has_no_permissions_of_django(issuers: Issuers, permission: Any) -> None:
    class Rows(ObjectView):
        post = put = patch = delete = ObjectView.get

        def get_queryset(self) -> _Rows:
            return _Rows()

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        request = bearer(issuers.token(), method=method)
        assert answer_to(request, Rows, **permitting(permission)).status == 403


def test_the_user_may_read_what_asks_for_no_permission(issuers: Issuers) -> None:
    """As with a user of Django's own."""

    class Rows(Me):
        def get_queryset(self) -> _Rows:
            return _Rows()

    asking = permitting(DjangoModelPermissions)
    assert answer_to(bearer(issuers.token()), Rows, **asking).json() == {"user_id": "ada"}
    assert answer_to(Request(), Rows, **asking).status == 401


def test_the_user_may_come_from_the_resolver(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["USER_RESOLVER"] = lambda auth: Stranger(f"user {auth.user_id}")
    assert answer_to(bearer(issuers.token()), _Named).json() == {"name": "user ada"}


@pytest.mark.parametrize(
    "classes", [(ToriiAuthentication, ByCookie), (ByCookie, ToriiAuthentication)]
)
def test_other_authentication_classes_are_asked_too(issuers: Issuers, classes: Any) -> None:
    both = {"authentication_classes": classes}
    by_cookie = Request(headers=(("Cookie", "user=grace"),))
    assert answer_to(by_cookie, _Named, **both).json() == {"name": "grace"}
    assert answer_to(bearer(issuers.token()), **both).json() == {"user_id": "ada"}
    assert_refused_as(answer_to(bearer("x.y.z"), **both), "malformed")


def test_subclasses_may_have_options_of_their_own(issuers: Issuers) -> None:
    class Strict(ToriiAuthentication):
        auth_options = {"audience": "shop", "role": "admin", "required": True}  # noqa: RUF012

    strict: Any = {"authentication_classes": (Strict,), "permission_classes": (AllowAny,)}
    assert_refused_as(answer_to(Request(), **strict), "no_credentials")
    assert_refused_as(answer_to(bearer(issuers.token(**ADMIN)), **strict), "missing_claim")
    assert_refused_as(answer_to(bearer(issuers.token(aud="shop")), **strict), "role")
    good = bearer(issuers.token(aud="shop", **ADMIN))
    assert answer_to(good, **strict).json() == {"user_id": "ada"}


def test_wrong_options_are_found_where_the_class_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        type("Wrong", (ToriiAuthentication,), {"auth_options": {"role": ""}})
    with pytest.raises(TypeError, match="rol"):
        type("Wrong", (ToriiAuthentication,), {"auth_options": {"rol": "admin"}})


def test_the_settings_name_no_view_that_needs_no_sign_in(
    issuers: Issuers, torii: dict[str, Any]
) -> None:
    """They say so about the middleware."""
    torii.update(REQUIRED=False, EXEMPT=["/me"])
    assert answer_to(Request()).status == 401
    assert answer_to(bearer(issuers.token())).json() == {"user_id": "ada"}


def test_an_answer_that_is_no_json_is_a_detail(torii: dict[str, Any]) -> None:
    torii["ON_ERROR"] = lambda _: RefusalResponse(418, (("Content-Type", "text/plain"),), b"tea")
    response = answer_to(authorization("Bearer"))
    assert (response.status, response.json()) == (418, {"detail": "tea"})


def test_a_request_without_a_view_may_be_authenticated(issuers: Issuers) -> None:
    def request(token: str) -> RestRequest:
        made = RequestFactory().get("/me", HTTP_AUTHORIZATION=f"Bearer {token}")
        return RestRequest(made, authenticators=[ToriiAuthentication()])

    good = request(issuers.token())
    assert (good.user.pk, good.auth) == ("ada", current_auth())
    good._request.close()
    with pytest.raises(APIException) as refused:
        _ = request("x.y.z").user
    assert refused.value.status_code == 401


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_a_bare_guard_of_django_asks_what_the_project_asks(
    issuers: Issuers, torii: dict[str, Any], settings: dict[str, Any]
) -> None:
    """An authentication class may ask for less."""
    torii.update(ROLE="admin", EXEMPT=["/me"])

    class Lenient(ToriiAuthentication):
        auth_options = {"role": {"admin", "member"}}  # noqa: RUF012

    class Guarded(Me):
        authentication_classes = (Lenient,)

        @method_decorator(require_auth)
        def get(self, request: RestRequest) -> JsonResponse:
            return super().get(request)

    handler = wsgi_handler(Guarded.as_view(), **settings)
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    assert call_wsgi(handler, member).body == REFUSALS["role"].body
    assert call_wsgi(handler, bearer(issuers.token(**ADMIN))).json() == {"user_id": "ada"}


def test_the_middleware_and_the_class_agree(issuers: Issuers) -> None:
    handler = wsgi_handler(Me.as_view(), MIDDLEWARE=[MIDDLEWARE])
    assert call_wsgi(handler, bearer(issuers.token())).json() == {"user_id": "ada"}
    assert_refused_as(call_wsgi(handler, Request()), "no_credentials")
