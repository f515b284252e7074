"""Authentication and permission classes of Django REST framework, beyond the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

import pytest
from django.http import JsonResponse
from django.test import RequestFactory, override_settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response as RestResponse
from rest_framework.views import APIView, exception_handler

from torii_backend import Auth, ConfigurationError, Policy, ToriiAuthError, current_auth
from torii_backend.challenge import Challenge
from torii_backend.drf import RequirePolicy, ToriiAuthentication, ToriiUser

from .django_project import MIDDLEWARE, wsgi_handler
from .issuers import Issuers
from .messages import Request, Response, authorization, bearer
from .refusals import REFUSALS
from .transport import call_wsgi

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}
REALM = 'Bearer realm="torii"'


class _Me(APIView):
    authentication_classes = (ToriiAuthentication,)
    permission_classes: Any = (IsAuthenticated,)

    def get(self, request: RestRequest) -> JsonResponse:
        auth = current_auth()
        assert auth is request.auth
        return JsonResponse({"user_id": None if auth is None else auth.user_id})


class _Named(_Me):
    def get(self, request: RestRequest) -> JsonResponse:
        user: object = request.user
        assert isinstance(user, _Stranger)
        return JsonResponse({"name": user.name})


class _Object(_Me):
    def get(self, request: RestRequest) -> JsonResponse:
        self.check_object_permissions(request, "an object")
        return super().get(request)


class _IsGrace(BasePermission):
    def has_permission(self, request: RestRequest, _: APIView) -> bool:
        return isinstance(request.auth, Auth) and request.auth.user_id == "grace"


class _ByCookie(BaseAuthentication):
    def authenticate(self, request: RestRequest) -> Optional[tuple[Any, Any]]:
        user = request.COOKIES.get("user")
        return None if user is None else (_Stranger(user), "a token of another kind")


class _Stranger:
    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture(autouse=True)
def torii(issuer: str) -> Iterator[dict[str, Any]]:
    settings: dict[str, Any] = {"ISSUER": issuer}
    with override_settings(TORII=settings):
        yield settings


def _answer(request: Request, view: type[APIView] = _Me, **attributes: Any) -> Response:
    handler = wsgi_handler(view.as_view(**attributes), MIDDLEWARE=[])
    return call_wsgi(handler, request)


def _asking(*permissions: Any) -> dict[str, Any]:
    return {"permission_classes": permissions}


def _assert_refused(response: Response, refusal: str) -> None:
    expected = REFUSALS[refusal]
    assert (response.status, response.body) == (expected.status, expected.body)
    assert response.header("www-authenticate") == expected.www_authenticate


def test_a_401_of_rest_framework_stays_a_401() -> None:
    response = _answer(Request())
    assert response.status == 401
    assert response.header("www-authenticate") == REALM


def test_a_good_token_lets_its_user_in(issuers: Issuers) -> None:
    assert _answer(bearer(issuers.token())).json() == {"user_id": "ada"}


def test_a_view_that_allows_any_lets_nobody_in_as_none(issuers: Issuers) -> None:
    allow = _asking(AllowAny)
    assert _answer(Request(), **allow).json() == {"user_id": None}
    assert _answer(authorization("Basic YWRhOmFkYQ=="), **allow).json() == {"user_id": None}
    assert _answer(bearer(issuers.token()), **allow).json() == {"user_id": "ada"}
    _assert_refused(_answer(bearer(issuers.token(expires_in=-3600)), **allow), "expired")
    _assert_refused(_answer(authorization("Bearer"), **allow), "malformed_credentials")


def test_an_outage_is_no_bad_token(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["ISSUER"] = issuers.down.issuer
    response = _answer(bearer(issuers.down.issue_token().access_token))
    _assert_refused(response, "keys_unavailable")
    assert int(response.header("retry-after") or 0) >= 1


def test_the_user_is_a_principal_that_carries_the_auth(issuers: Issuers) -> None:
    users: list[Any] = []

    class Note(_Me):
        def get(self, request: RestRequest) -> JsonResponse:
            users.extend([request.user, request._request.user])
            return super().get(request)

    assert _answer(bearer(issuers.token()), Note).status == 200
    user, same = users
    assert user is same
    assert isinstance(user, ToriiUser)
    assert isinstance(user.auth, Auth)
    assert (user.pk, user.id, user.username, str(user)) == ("ada",) * 4
    assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_the_user_may_come_from_the_resolver(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["USER_RESOLVER"] = lambda auth: _Stranger(f"user {auth.user_id}")
    assert _answer(bearer(issuers.token()), _Named).json() == {"name": "user ada"}


@pytest.mark.parametrize(
    "classes", [(ToriiAuthentication, _ByCookie), (_ByCookie, ToriiAuthentication)]
)
def test_other_authentication_classes_are_asked_too(issuers: Issuers, classes: Any) -> None:
    both = {"authentication_classes": classes}
    by_cookie = Request(headers=(("Cookie", "user=grace"),))
    assert _answer(by_cookie, _Named, **both).json() == {"name": "grace"}
    assert _answer(bearer(issuers.token()), **both).json() == {"user_id": "ada"}
    _assert_refused(_answer(bearer("x.y.z"), **both), "malformed")


def test_subclasses_may_have_options_of_their_own(issuers: Issuers) -> None:
    class Strict(ToriiAuthentication):
        auth_options = {"audience": "shop", "role": "admin", "required": True}  # noqa: RUF012

    strict: Any = {"authentication_classes": (Strict,), "permission_classes": (AllowAny,)}
    _assert_refused(_answer(Request(), **strict), "no_credentials")
    _assert_refused(_answer(bearer(issuers.token(**ADMIN)), **strict), "missing_claim")
    _assert_refused(_answer(bearer(issuers.token(aud="shop")), **strict), "role")
    good = bearer(issuers.token(aud="shop", **ADMIN))
    assert _answer(good, **strict).json() == {"user_id": "ada"}


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
    assert _answer(Request()).status == 401
    assert _answer(bearer(issuers.token())).json() == {"user_id": "ada"}


@pytest.mark.parametrize(
    "permission", [RequirePolicy(role="admin"), RequirePolicy(Policy(role="admin"))]
)
def test_a_policy_is_a_permission(issuers: Issuers, permission: Any) -> None:
    asking = _asking(permission)
    _assert_refused(_answer(Request(), **asking), "no_credentials")
    _assert_refused(_answer(bearer(issuers.token()), **asking), "role")
    assert _answer(bearer(issuers.token(**ADMIN)), **asking).json() == {"user_id": "ada"}


def test_a_policy_without_conditions_asks_for_sign_in(issuers: Issuers) -> None:
    asking = _asking(RequirePolicy())
    _assert_refused(_answer(Request(), **asking), "no_credentials")
    assert _answer(bearer(issuers.token()), **asking).json() == {"user_id": "ada"}


def test_who_came_another_way_has_not_met_a_policy() -> None:
    asking = {**_asking(RequirePolicy()), "authentication_classes": (_ByCookie,)}
    for headers in ((("Cookie", "user=grace"),), ()):
        _assert_refused(_answer(Request(headers=headers), **asking), "no_credentials")


def test_a_policy_counts_for_objects_too(issuers: Issuers) -> None:
    asking = _asking(RequirePolicy(role="admin"))
    _assert_refused(_answer(bearer(issuers.token()), _Object, **asking), "role")
    assert _answer(bearer(issuers.token(**ADMIN)), _Object, **asking).status == 200
    inverted = _asking(~RequirePolicy(role="admin"))
    assert _answer(bearer(issuers.token()), _Object, **inverted).status == 200
    assert _answer(bearer(issuers.token(**ADMIN)), _Object, **inverted).status == 403


@pytest.mark.parametrize(
    ("permission", "passing"),
    [
        (RequirePolicy(role="admin") | _IsGrace, {"admin", "grace", "both"}),
        (_IsGrace | RequirePolicy(role="admin"), {"admin", "grace", "both"}),
        (RequirePolicy(role="admin") & _IsGrace, {"both"}),
        (_IsGrace & RequirePolicy(role="admin"), {"both"}),
        (~RequirePolicy(role="admin"), {"nobody in particular", "grace"}),
        (RequirePolicy(role="admin") & RequirePolicy(email_verified=True), {"admin", "both"}),
        (~RequirePolicy(role="admin") & (_IsGrace | RequirePolicy(role="x")), {"grace"}),
    ],
)
def test_policies_combine_with_other_permissions(
    issuers: Issuers, permission: Any, passing: set[str]
) -> None:
    tokens = {
        "nobody in particular": issuers.token(),
        "admin": issuers.token(**ADMIN),
        "grace": issuers.token("grace"),
        "both": issuers.token("grace", **ADMIN),
    }
    answers = {
        name: _answer(bearer(token), **_asking(permission)) for name, token in tokens.items()
    }
    assert {name for name, answer in answers.items() if answer.status == 200} == passing
    for name in tokens.keys() - passing:
        assert answers[name].status == 403
        assert answers[name].json().keys() == {"detail"}
    for name in passing:
        assert answers[name].header("www-authenticate") is None


def test_a_combination_keeps_a_401_a_401() -> None:
    response = _answer(Request(), **_asking(RequirePolicy() & _IsGrace))
    assert (response.status, response.header("www-authenticate")) == (401, REALM)


def test_wrong_keywords_of_a_policy_are_found_where_it_is_made() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        RequirePolicy(role="")
    with pytest.raises(ConfigurationError, match="policy"):
        RequirePolicy("admin")  # type: ignore[arg-type]


def test_on_error_hears_of_a_permission_that_refused(
    issuers: Issuers, torii: dict[str, Any]
) -> None:
    heard: list[str] = []

    def hear(refusal: ToriiAuthError) -> Challenge:
        heard.append(refusal.reason)
        return Challenge(404, (("X-Reason", "hidden"),), b'{"left":3,"of":["ten"]}')

    torii["ON_ERROR"] = hear
    response = _answer(bearer(issuers.token()), **_asking(RequirePolicy(role="admin")))
    assert (response.status, response.json()) == (404, {"left": 3, "of": ["ten"]})
    assert response.header("x-reason") == "hidden"
    either = _asking(RequirePolicy(role="admin") | IsAuthenticated)
    assert _answer(bearer(issuers.token()), **either).status == 200
    assert heard == ["role"]


def test_an_answer_that_is_no_json_is_a_detail(torii: dict[str, Any]) -> None:
    torii["ON_ERROR"] = lambda _: Challenge(418, (("Content-Type", "text/plain"),), b"tea")
    response = _answer(authorization("Bearer"))
    assert (response.status, response.json()) == (418, {"detail": "tea"})


def test_an_exception_handler_may_restyle_a_refusal(
    issuers: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restyle(error: Exception, context: Any) -> Optional[RestResponse]:
        assert isinstance(error, APIException)
        assert isinstance(error.__cause__, ToriiAuthError)
        response = exception_handler(error, context)
        assert response is not None
        response.data = {"codes": error.get_codes(), "reason": error.__cause__.reason}
        return response

    monkeypatch.setattr(_Me, "get_exception_handler", lambda _: restyle)
    response = _answer(bearer(issuers.token()), **_asking(RequirePolicy(role="admin")))
    assert response.status == 403
    codes = {"error": {"code": "role", "message": "role", "reason": "role"}}
    assert response.json() == {"codes": codes, "reason": "role"}
    assert "insufficient_scope" in (response.header("www-authenticate") or "")


def test_an_async_check_is_an_error_of_the_application(issuers: Issuers) -> None:
    async def check(auth: Auth) -> bool:
        raise AssertionError

    assert _answer(bearer(issuers.token()), **_asking(RequirePolicy(check=check))).status == 500


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


def test_the_middleware_and_the_class_agree(issuers: Issuers) -> None:
    handler = wsgi_handler(_Me.as_view(), MIDDLEWARE=[MIDDLEWARE])
    assert call_wsgi(handler, bearer(issuers.token())).json() == {"user_id": "ada"}
    _assert_refused(call_wsgi(handler, Request()), "no_credentials")
