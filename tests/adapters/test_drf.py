"""Authentication in Django REST framework: what the contract does not cover."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.context_processors import PermWrapper
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, JsonResponse
from django.template import Context, Engine
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import (
    AllowAny,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAdminUser,
    IsAuthenticated,
)
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as RestRequest
from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle, UserRateThrottle

from torii_backend import Auth, ConfigurationError, current_auth, verify_token
from torii_backend.django import require_auth
from torii_backend.drf import ToriiAuthentication, ToriiUser

from .application import Crash
from .django_project import MIDDLEWARE, ask
from .drf_views import ADMIN, REALM, ByCookie, Me, ObjectView, OtherUser, ask_rest, permitting
from .issuers import Issuers
from .messages import Request, Response, authorization, bearer
from .refusals import REFUSALS, assert_refused_as

pytestmark = pytest.mark.usefixtures("torii")


class _Named(Me):
    def get(self, request: RestRequest) -> JsonResponse:
        user: object = request.user
        assert isinstance(user, OtherUser)
        return JsonResponse({"name": user.name})


class _Nobody:
    """As AnonymousUser, which needs Django's own users."""

    is_authenticated = False
    pk = None


class _Page(JSONRenderer):
    """A page for a browser, which shows the user."""

    media_type = "text/html"

    def render(self, *arguments: Any) -> bytes:
        return str(arguments[2]["request"].user).encode()


def test_a_401_of_rest_framework_stays_a_401() -> None:
    response = ask_rest(Request())
    assert response.status == 401
    assert response.header("www-authenticate") == REALM


def test_sign_in_is_optional_with_allow_any(issuers: Issuers) -> None:
    allow = permitting(AllowAny)
    assert ask_rest(Request(), **allow).json() == {"user_id": None}
    assert ask_rest(authorization("Basic YWRhOmFkYQ=="), **allow).json() == {"user_id": None}
    assert ask_rest(bearer(issuers.token()), **allow).json() == {"user_id": "ada"}
    assert_refused_as(ask_rest(bearer(issuers.token(expires_in=-3600)), **allow), "expired")
    assert_refused_as(ask_rest(authorization("Bearer"), **allow), "malformed_credentials")


def test_an_outage_is_a_503(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["ISSUER"] = issuers.down.issuer
    response = ask_rest(bearer(issuers.down.issue_token().access_token))
    assert_refused_as(response, "keys_unavailable")
    assert int(response.header("retry-after") or 0) >= 1


def test_the_user_carries_the_auth(issuers: Issuers) -> None:
    users: list[Any] = []

    class Note(Me):
        def get(self, request: RestRequest) -> JsonResponse:
            users.extend([request.user, request._request.user])
            return super().get(request)

    assert ask_rest(bearer(issuers.token()), Note).status == 200
    user, same = users
    assert user is same
    assert isinstance(user, ToriiUser)
    assert isinstance(user.auth, Auth)
    assert (user.pk, user.id, user.username, str(user)) == ("ada",) * 4
    assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert (user.get_username(), user.get_all_permissions()) == ("ada", set())
    assert not user.has_module_perms("shop")


def test_users_are_equal_by_their_id(issuers: Issuers) -> None:
    ada, bob = (verify_token(issuers.token(user), issuer=issuers.home.issuer) for user in "ab")
    again = verify_token(issuers.token("a", locale="de"), issuer=issuers.home.issuer)
    assert ToriiUser(ada) == ToriiUser(again) != ToriiUser(bob)
    assert len({ToriiUser(ada), ToriiUser(again), ToriiUser(bob)}) == 2
    assert ToriiUser(ada) not in ("a", OtherUser("a"), None)


def test_templates_may_ask_for_permissions(issuers: Issuers) -> None:
    user = ToriiUser(verify_token(issuers.token(), issuer=issuers.home.issuer))
    template = "{% if perms.shop or perms.shop.add_row %}yes{% else %}no{% endif %}"
    shown = Engine().from_string(template).render(Context({"perms": PermWrapper(user)}))
    assert shown == "no"


def test_the_user_may_be_that_of_a_django_project(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["USER_RESOLVER"] = "torii_backend.drf.ToriiUser"

    def name(request: Any) -> JsonResponse:
        return JsonResponse({"name": request.user.get_username()})

    answer = ask(require_auth(login_required(name)), bearer(issuers.token()))
    assert answer.json() == {"name": "ada"}


class _Rows:
    """The part of a QuerySet that permissions read."""

    model = SimpleNamespace(_meta=SimpleNamespace(app_label="shop", model_name="row"))


@pytest.mark.parametrize(
    "permission", [DjangoModelPermissions, DjangoObjectPermissions, IsAdminUser]
)
def test_the_user_has_no_django_permissions(issuers: Issuers, permission: Any) -> None:
    class Rows(ObjectView):
        post = put = patch = delete = ObjectView.get

        def get_queryset(self) -> _Rows:
            return _Rows()

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        request = bearer(issuers.token(), method=method)
        assert ask_rest(request, Rows, **permitting(permission)).status == 403


def test_the_user_may_read_if_that_needs_no_permission(issuers: Issuers) -> None:
    """The same is true for Django's own users."""

    class Rows(Me):
        def get_queryset(self) -> _Rows:
            return _Rows()

    asking = permitting(DjangoModelPermissions)
    assert ask_rest(bearer(issuers.token()), Rows, **asking).json() == {"user_id": "ada"}
    assert ask_rest(Request(), Rows, **asking).status == 401


def test_the_user_may_come_from_the_resolver(issuers: Issuers, torii: dict[str, Any]) -> None:
    torii["USER_RESOLVER"] = lambda auth: OtherUser(f"user {auth.user_id}")
    assert ask_rest(bearer(issuers.token()), _Named).json() == {"name": "user ada"}


@pytest.mark.parametrize("required", [True, False])
def test_who_has_no_active_user_is_refused(
    issuers: Issuers, torii: dict[str, Any], required: bool
) -> None:
    torii["USER_RESOLVER"] = lambda _: None
    permitted = permitting(IsAuthenticated if required else AllowAny)
    assert_refused_as(ask_rest(bearer(issuers.token()), **permitted), "user")
    torii["USER_RESOLVER"] = lambda _: SimpleNamespace(is_active=False, is_authenticated=True)
    assert_refused_as(ask_rest(bearer(issuers.token()), **permitted), "user")


@pytest.mark.parametrize(("error", "status"), [(Http404(), 404), (Crash(), 500)])
def test_a_resolver_that_raises_is_asked_once(
    issuers: Issuers, torii: dict[str, Any], error: Exception, status: int
) -> None:
    """REST framework shows the user on the page that it makes for a browser."""
    calls: list[str] = []

    def find(auth: Auth) -> Any:
        calls.append(auth.user_id)
        raise error

    torii["USER_RESOLVER"] = find
    good = bearer(issuers.token())
    asked = good._replace(headers=(*good.headers, ("Accept", "text/html")))
    renderers: dict[str, Any] = {"renderer_classes": [_Page]}
    assert ask_rest(asked, **renderers).status == status
    assert calls == ["ada"]


@pytest.mark.parametrize(
    "classes", [(ToriiAuthentication, ByCookie), (ByCookie, ToriiAuthentication)]
)
def test_other_authentication_classes_still_work(issuers: Issuers, classes: Any) -> None:
    both = {"authentication_classes": classes}
    by_cookie = Request(headers=(("Cookie", "user=grace"),))
    assert ask_rest(by_cookie, _Named, **both).json() == {"name": "grace"}
    assert ask_rest(bearer(issuers.token()), **both).json() == {"user_id": "ada"}
    assert_refused_as(ask_rest(bearer("x.y.z"), **both), "malformed")


def test_subclasses_may_set_options(issuers: Issuers) -> None:
    class Strict(ToriiAuthentication):
        auth_options = {"audience": "shop", "role": "admin", "required": True}  # noqa: RUF012

    strict: Any = {"authentication_classes": (Strict,), "permission_classes": (AllowAny,)}
    assert_refused_as(ask_rest(Request(), **strict), "no_credentials")
    assert_refused_as(ask_rest(bearer(issuers.token(**ADMIN)), **strict), "missing_claim")
    assert_refused_as(ask_rest(bearer(issuers.token(aud="shop")), **strict), "role")
    good = bearer(issuers.token(aud="shop", **ADMIN))
    assert ask_rest(good, **strict).json() == {"user_id": "ada"}


def test_wrong_options_raise_when_the_class_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        type("Wrong", (ToriiAuthentication,), {"auth_options": {"role": ""}})
    with pytest.raises(TypeError, match="rol"):
        type("Wrong", (ToriiAuthentication,), {"auth_options": {"rol": "admin"}})


def test_required_and_exempt_of_the_settings_do_not_apply(
    issuers: Issuers, torii: dict[str, Any]
) -> None:
    """They are for the middleware."""
    torii.update(REQUIRED=False, EXEMPT=["/me"])
    assert ask_rest(Request()).status == 401
    assert ask_rest(bearer(issuers.token())).json() == {"user_id": "ada"}


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
def test_a_bare_guard_of_django_enforces_the_policy_of_the_project(
    issuers: Issuers, torii: dict[str, Any], settings: dict[str, Any]
) -> None:
    """An authentication class may require less."""
    torii.update(ROLE="admin", EXEMPT=["/me"])

    class Lenient(ToriiAuthentication):
        auth_options = {"role": {"admin", "member"}}  # noqa: RUF012

    class Guarded(Me):
        authentication_classes = (Lenient,)

        @method_decorator(require_auth)
        def get(self, request: RestRequest) -> JsonResponse:
            return super().get(request)

    view = Guarded.as_view()
    member = bearer(issuers.token(org_id="org_1", org_role="member"))
    assert ask(view, member, **settings).body == REFUSALS["role"].body
    assert ask(view, bearer(issuers.token(**ADMIN)), **settings).json() == {"user_id": "ada"}


def test_the_class_works_behind_the_middleware(issuers: Issuers) -> None:
    settings: Any = {"MIDDLEWARE": [MIDDLEWARE]}
    assert ask(Me.as_view(), bearer(issuers.token()), **settings).json() == {"user_id": "ada"}
    assert_refused_as(ask(Me.as_view(), Request(), **settings), "no_credentials")


@pytest.mark.parametrize("anonymous", [None, _Nobody])
@pytest.mark.parametrize("kind", [AnonRateThrottle, UserRateThrottle, ScopedRateThrottle])
def test_throttles_tell_users_and_others_apart(
    issuers: Issuers, monkeypatch: pytest.MonkeyPatch, kind: Any, anonymous: Any
) -> None:
    cache.clear()
    monkeypatch.setattr(api_settings, "UNAUTHENTICATED_USER", anonymous)
    rates = {"THROTTLE_RATES": {"anon": "1/hour", "user": "1/hour", "invoices": "1/hour"}}
    throttle = type("Throttle", (kind,), rates)
    view = type("View", (Me,), {"throttle_scope": "invoices", "throttle_classes": [throttle]})
    ada, bob = (bearer(issuers.token(user)) for user in ("ada", "bob"))
    again = bearer(issuers.token(locale="de"))
    here, there = (Request(headers=(("X-Forwarded-For", f"10.1.1.{n}"),)) for n in (1, 2))
    statuses = [
        ask_rest(request, view, **permitting(AllowAny)).status
        for request in (here, there, here, ada, bob, again)
    ]
    assert statuses == [200, 200, 429, 200, 200, 200 if kind is AnonRateThrottle else 429]


def test_a_session_or_a_token_may_post(issuers: Issuers) -> None:
    def with_session(get_response: Any) -> Any:
        def middleware(request: Any) -> Any:
            signed_in = "sessionid" in request.COOKIES
            request.user = SimpleNamespace(is_authenticated=signed_in, is_active=signed_in, pk=1)
            return get_response(request)

        return middleware

    class Posting(Me):
        authentication_classes: Any = (ToriiAuthentication, SessionAuthentication)

        def post(self, request: RestRequest) -> JsonResponse:
            auth = request.auth
            return JsonResponse({"user_id": auth.user_id if isinstance(auth, Auth) else "session"})

    def post(*headers: tuple[str, str]) -> Response:
        return ask(with_session(Posting.as_view()), Request(method="POST", headers=headers))

    token, session, secret = bearer(issuers.token()).headers[0], "sessionid=1", "a" * 32
    assert post(token).json() == post(token, ("Cookie", session)).json() == {"user_id": "ada"}
    assert post(("Cookie", session)).status == 403
    checked = (("Cookie", f"{session}; csrftoken={secret}"), ("X-CSRFToken", secret))
    assert post(*checked).json() == {"user_id": "session"}
    assert post(*checked, ("Authorization", "Bearer x.y.z")).status == 401
    assert post().status == 401
