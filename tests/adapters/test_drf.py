"""Authentication and permission classes of Django REST framework, beyond the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Optional

import msgspec
import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import (
    AllowAny,
    BasePermission,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAdminUser,
    IsAuthenticated,
)
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response as RestResponse
from rest_framework.serializers import CharField, Serializer
from rest_framework.views import APIView, exception_handler

from torii_backend import (
    Auth,
    ConfigurationError,
    KeysUnavailable,
    Policy,
    ToriiAuthError,
    current_auth,
)
from torii_backend.challenge import Challenge
from torii_backend.django import require_auth
from torii_backend.drf import RequirePolicy, ToriiAuthentication, ToriiUser

from .behaviours.preflight import PREFLIGHT
from .django_project import MIDDLEWARE, asgi_handler_of, wsgi_handler, wsgi_handler_of
from .issuers import Issuers
from .messages import Request, Response, authorization, bearer
from .refusals import REFUSALS
from .transport import call_asgi, call_wsgi, environ_of

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


class _Rows:
    """As much of a QuerySet as permissions look at."""

    model = SimpleNamespace(_meta=SimpleNamespace(app_label="shop", model_name="row"))


@pytest.mark.parametrize(
    "permission", [DjangoModelPermissions, DjangoObjectPermissions, IsAdminUser]
)
def test_the_user_has_no_permissions_of_django(issuers: Issuers, permission: Any) -> None:
    class Rows(_Object):
        post = put = patch = delete = _Object.get

        def get_queryset(self) -> _Rows:
            return _Rows()

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        request = bearer(issuers.token(), method=method)
        assert _answer(request, Rows, **_asking(permission)).status == 403


def test_the_user_may_read_what_asks_for_no_permission(issuers: Issuers) -> None:
    """As with a user of Django's own."""

    class Rows(_Me):
        def get_queryset(self) -> _Rows:
            return _Rows()

    asking = _asking(DjangoModelPermissions)
    assert _answer(bearer(issuers.token()), Rows, **asking).json() == {"user_id": "ada"}
    assert _answer(Request(), Rows, **asking).status == 401


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


def _by(**options: Any) -> Any:
    """Make an authentication class with options of its own."""
    return type("Authentication", (ToriiAuthentication,), {"auth_options": options})


@pytest.mark.parametrize(
    "permission",
    [
        RequirePolicy(),
        RequirePolicy(role="admin"),
        RequirePolicy() & RequirePolicy(role="admin"),
        RequirePolicy() | _IsGrace,
    ],
)
def test_a_preflight_request_meets_every_policy(permission: Any) -> None:
    """As far as the authentication class lets it pass."""
    asking = _asking(permission)
    response = _answer(PREFLIGHT, **asking)
    assert (response.status, response.header("www-authenticate")) == (200, None)
    forged = PREFLIGHT._replace(headers=PREFLIGHT.headers + bearer("x.y.z").headers)
    assert _answer(forged, **asking).status == 200
    strict = {**asking, "authentication_classes": (_by(preflight=False),)}
    assert _answer(PREFLIGHT, **strict).status == 401
    for classes in ((_ByCookie,), ()):
        assert _answer(PREFLIGHT, **{**asking, "authentication_classes": classes}).status in (
            401,
            403,
        )


def test_only_a_preflight_request_of_nobody_meets_every_policy(issuers: Issuers) -> None:
    asking = _asking(RequirePolicy(role="admin"))
    _assert_refused(_answer(PREFLIGHT._replace(method="GET"), **asking), "no_credentials")
    bare = PREFLIGHT._replace(headers=PREFLIGHT.headers[:1])
    _assert_refused(_answer(bare, **asking), "no_credentials")
    _assert_refused(_answer(bearer(issuers.token(), method="OPTIONS"), **asking), "role")


class _Note(Serializer[Any]):
    text = CharField()


class _Notes(GenericAPIView[Any]):
    authentication_classes = (ToriiAuthentication,)
    permission_classes = (RequirePolicy(role="admin"),)
    serializer_class = _Note
    renderer_classes = (JSONRenderer,)

    def post(self, _: RestRequest) -> RestResponse:
        raise AssertionError


def test_a_preflight_request_is_not_told_what_may_be_written(
    issuers: Issuers, torii: dict[str, Any]
) -> None:
    """REST framework asks on behalf of POST whether it may be described."""
    heard: list[ToriiAuthError] = []
    torii["ON_ERROR"] = heard.append
    response = _answer(PREFLIGHT, _Notes)
    assert (response.status, response.header("www-authenticate")) == (200, None)
    assert "actions" not in response.json()
    assert heard == []
    admin = bearer(issuers.token(**ADMIN), method="OPTIONS")
    assert response.json().keys() < _answer(admin, _Notes).json().keys()


def _wants_a_plan(auth: Auth) -> bool:
    return auth.claims_as(_Plan).plan == "pro"


class _Plan(msgspec.Struct):
    plan: str


def _is_out_of_order(_: Auth) -> bool:
    raise KeysUnavailable(retry_after=7)


@pytest.mark.parametrize(
    ("check", "refusal"), [(_wants_a_plan, "invalid_claim"), (_is_out_of_order, "keys_unavailable")]
)
def test_a_check_may_refuse_in_other_ways(issuers: Issuers, check: Any, refusal: str) -> None:
    """The permission answers as the authentication class does."""
    by_permission = _asking(RequirePolicy(check=check))
    by_authentication = {"authentication_classes": (_by(check=check),)}
    for attributes in (by_permission, by_authentication):
        _assert_refused(_answer(bearer(issuers.token()), **attributes), refusal)


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


@pytest.mark.parametrize("settings", [{}, {"MIDDLEWARE": [MIDDLEWARE]}])
def test_a_bare_guard_of_django_asks_what_the_project_asks(
    issuers: Issuers, torii: dict[str, Any], settings: dict[str, Any]
) -> None:
    """An authentication class may ask for less."""
    torii.update(ROLE="admin", EXEMPT=["/me"])

    class Lenient(ToriiAuthentication):
        auth_options = {"role": {"admin", "member"}}  # noqa: RUF012

    class Guarded(_Me):
        authentication_classes = (Lenient,)

        @method_decorator(require_auth)
        def get(self, request: RestRequest) -> JsonResponse:
            return super().get(request)

    handler = wsgi_handler(Guarded.as_view(), **settings)
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    assert call_wsgi(handler, member).body == REFUSALS["role"].body
    assert call_wsgi(handler, bearer(issuers.token(**ADMIN))).json() == {"user_id": "ada"}


def _batch(request: HttpRequest) -> JsonResponse:
    """Ask a view about requests that are made here, as batch endpoints do, and never closed."""
    statuses = []
    for token in request.headers["X-Tokens"].split():
        inner = HttpRequest()
        inner.method = "GET"
        inner.META = {"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        statuses.append(_Me.as_view()(inner).status_code)
    return JsonResponse(statuses, safe=False)


def _whose(_: HttpRequest) -> JsonResponse:
    """Tell who is signed in, as a view without a guard."""
    try:
        return JsonResponse({"current": repr(current_auth())})
    except ConfigurationError:
        return JsonResponse({"current": "nobody"})


class _GuardedBatch(_Me):
    def get(self, request: RestRequest) -> JsonResponse:
        return _batch(request._request)


_BATCH = (
    path("guarded", _GuardedBatch.as_view()),
    path("batch", _batch),
    path("me", _Me.as_view()),
    path("whose", _whose),
)


def _tokens(issuers: Issuers, *users: str) -> Request:
    tokens = " ".join(issuers.token(user) for user in users)
    return Request("/batch", headers=(("X-Tokens", tokens),))


def test_requests_that_a_view_makes_leave_nobody_behind(issuers: Issuers) -> None:
    handler = wsgi_handler_of(_BATCH, MIDDLEWARE=[])
    for users in (["ada"], ["ada", "grace"], ["ada", "grace", "ada"]):
        answer = call_wsgi(handler, _tokens(issuers, *users))
        assert answer.json() == [200] * len(users)
        with pytest.raises(ConfigurationError):
            current_auth()
        good = bearer(issuers.token("eve"), "/guarded")
        both = good._replace(headers=good.headers + _tokens(issuers, *users).headers)
        assert call_wsgi(handler, both).json() == [200] * len(users)
        with pytest.raises(ConfigurationError):
            current_auth()


def test_what_an_unfinished_request_has_left_ends_with_the_next(issuers: Issuers) -> None:
    """Nobody has closed the answer: neither a server nor a test."""
    handler = wsgi_handler_of(_BATCH, MIDDLEWARE=[])
    list(handler(environ_of(_tokens(issuers, "ada", "grace")), lambda *_: print))
    assert current_auth() is not None
    assert call_wsgi(handler, Request("/whose")).json() == {"current": "nobody"}


def test_the_client_of_django_leaves_nobody_behind(issuers: Issuers) -> None:
    urls = type("Urls", (), {"urlpatterns": _BATCH})
    with override_settings(ROOT_URLCONF=urls):
        tokens = _tokens(issuers, "ada", "grace").headers[0][1]
        assert Client().get("/batch", HTTP_X_TOKENS=tokens).json() == [200, 200]
        with pytest.raises(ConfigurationError):
            current_auth()
        assert Client().get("/whose").json() == {"current": "nobody"}


def test_requests_that_a_view_makes_leave_nobody_behind_under_asgi(issuers: Issuers) -> None:
    handler = asgi_handler_of(_BATCH, MIDDLEWARE=[])

    async def ask_in_turn() -> None:
        assert (await call_asgi(handler, _tokens(issuers, "ada", "grace"))).json() == [200, 200]
        assert (await call_asgi(handler, Request("/whose"))).json() == {"current": "nobody"}
        good = bearer(issuers.token())
        assert (await call_asgi(handler, good)).json() == {"user_id": "ada"}

    asyncio.run(ask_in_turn())


def test_requests_at_once_do_not_end_each_other(issuers: Issuers) -> None:
    """Under ASGI one begins, and another is over, while a third is in its view."""
    handler = asgi_handler_of(_BATCH, MIDDLEWARE=[])
    users = [f"user-{number}" for number in range(8)]

    async def ask_at_once() -> list[Response]:
        requests = [bearer(issuers.token(user)) for user in users]
        batch = _tokens(issuers, "ada", "grace")
        calls = [call_asgi(handler, request) for each in requests for request in (each, batch)]
        return await asyncio.gather(*calls)

    answers = asyncio.run(ask_at_once())
    assert [answer.json() for answer in answers[::2]] == [{"user_id": user} for user in users]


def test_the_middleware_and_the_class_agree(issuers: Issuers) -> None:
    handler = wsgi_handler(_Me.as_view(), MIDDLEWARE=[MIDDLEWARE])
    assert call_wsgi(handler, bearer(issuers.token())).json() == {"user_id": "ada"}
    _assert_refused(call_wsgi(handler, Request()), "no_credentials")
