"""`RequirePolicy`, and the responses to refusals in Django REST framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import msgspec
import pytest
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response as RestResponse
from rest_framework.serializers import CharField, Serializer
from rest_framework.views import APIView, exception_handler

from tests.support.observed import observed
from torii_backend import Auth, ConfigurationError, KeysUnavailable, Policy, ToriiAuthError
from torii_backend._guard.refusal import RefusalResponse
from torii_backend.drf import RequirePolicy, ToriiAuthentication
from torii_backend.observing import Refused
from torii_backend.testing import AuthBlock, auth_as

from .behaviours.preflight import PREFLIGHT
from .drf_views import REALM, ByCookie, Me, ObjectView, ask_rest, permitting
from .messages import Request, Response, bearer
from .refusals import assert_refused_as

if TYPE_CHECKING:
    _GenericView = GenericAPIView[Any]
else:
    _GenericView = GenericAPIView  # the oldest version takes no brackets

pytestmark = pytest.mark.usefixtures("torii")


MEMBER = auth_as("ada")
ADMIN = auth_as("ada", role="admin")


def _ask_as(
    user: AuthBlock, view: type[APIView] = Me, *, method: str = "GET", **attributes: Any
) -> Response:
    with user:
        return ask_rest(Request(method=method), view, **attributes)


class _IsGrace(BasePermission):
    def has_permission(self, request: RestRequest, _: APIView) -> bool:
        return isinstance(request.auth, Auth) and request.auth.user_id == "grace"


@pytest.mark.parametrize(
    "permission", [RequirePolicy(role="admin"), RequirePolicy(Policy(role="admin"))]
)
def test_a_policy_is_a_permission(permission: Any) -> None:
    asking = permitting(permission)
    assert_refused_as(ask_rest(Request(), **asking), "no_credentials")
    assert_refused_as(_ask_as(MEMBER, **asking), "role")
    assert _ask_as(ADMIN, **asking).json() == {"user_id": "ada"}


def test_a_policy_without_conditions_requires_sign_in() -> None:
    asking = permitting(RequirePolicy())
    assert_refused_as(ask_rest(Request(), **asking), "no_credentials")
    assert _ask_as(MEMBER, **asking).json() == {"user_id": "ada"}


def test_a_user_of_another_authentication_class_does_not_meet_a_policy() -> None:
    asking = {**permitting(RequirePolicy()), "authentication_classes": (ByCookie,)}
    for headers in ((("Cookie", "user=grace"),), ()):
        assert_refused_as(ask_rest(Request(headers=headers), **asking), "no_credentials")


def test_its_refusal_is_reported_without_a_guard_of_ours() -> None:
    asking = {**permitting(RequirePolicy()), "authentication_classes": (ByCookie,)}
    with observed(Refused) as heard:
        ask_rest(Request(), **asking)
    assert heard.events == [Refused("missing_credentials", 401, "drf", "GET")]


def test_a_policy_applies_to_objects_too() -> None:
    asking = permitting(RequirePolicy(role="admin"))
    assert_refused_as(_ask_as(MEMBER, ObjectView, **asking), "role")
    assert _ask_as(ADMIN, ObjectView, **asking).status == 200
    inverted = permitting(~RequirePolicy(role="admin"))
    assert _ask_as(MEMBER, ObjectView, **inverted).status == 200
    assert _ask_as(ADMIN, ObjectView, **inverted).status == 403


@pytest.mark.parametrize(
    ("permission", "passing"),
    [
        (RequirePolicy(role="admin") | _IsGrace, {"admin", "grace", "both"}),
        (_IsGrace | RequirePolicy(role="admin"), {"admin", "grace", "both"}),
        (RequirePolicy(role="admin") & _IsGrace, {"both"}),
        (_IsGrace & RequirePolicy(role="admin"), {"both"}),
        (~RequirePolicy(role="admin"), {"member", "grace"}),
        (RequirePolicy(role="admin") & RequirePolicy(email_verified=True), {"admin", "both"}),
        (~RequirePolicy(role="admin") & (_IsGrace | RequirePolicy(role="x")), {"grace"}),
    ],
)
def test_policies_combine_with_other_permissions(permission: Any, passing: set[str]) -> None:
    users = {
        "member": MEMBER,
        "admin": ADMIN,
        "grace": auth_as("grace"),
        "both": auth_as("grace", role="admin"),
    }
    responses = {name: _ask_as(user, **permitting(permission)) for name, user in users.items()}
    assert {name for name, response in responses.items() if response.status == 200} == passing
    for name in users.keys() - passing:
        assert responses[name].status == 403
        assert responses[name].json().keys() == {"detail"}
    for name in passing:
        assert responses[name].header("www-authenticate") is None


def test_a_combination_keeps_a_401_a_401() -> None:
    response = ask_rest(Request(), **permitting(RequirePolicy() & _IsGrace))
    assert (response.status, response.header("www-authenticate")) == (401, REALM)


def _by(**options: Any) -> Any:
    """Return an authentication class with these options."""
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
    """It does so only if the authentication class lets it pass."""
    asking = permitting(permission)
    response = ask_rest(PREFLIGHT, **asking)
    assert (response.status, response.header("www-authenticate")) == (200, None)
    forged = PREFLIGHT._replace(headers=PREFLIGHT.headers + bearer("x.y.z").headers)
    assert ask_rest(forged, **asking).status == 200
    strict = {**asking, "authentication_classes": (_by(preflight=False),)}
    assert ask_rest(PREFLIGHT, **strict).status == 401
    for classes in ((ByCookie,), ()):
        assert ask_rest(PREFLIGHT, **{**asking, "authentication_classes": classes}).status in (
            401,
            403,
        )


def test_only_a_preflight_request_without_a_token_meets_every_policy() -> None:
    asking = permitting(RequirePolicy(role="admin"))
    assert_refused_as(ask_rest(PREFLIGHT._replace(method="GET"), **asking), "no_credentials")
    bare = PREFLIGHT._replace(headers=PREFLIGHT.headers[:1])
    assert_refused_as(ask_rest(bare, **asking), "no_credentials")
    assert_refused_as(_ask_as(MEMBER, method="OPTIONS", **asking), "role")


class _Note(Serializer[Any]):
    text = CharField()


class _Notes(_GenericView):
    authentication_classes = (ToriiAuthentication,)
    permission_classes = (RequirePolicy(role="admin"),)
    serializer_class = _Note
    renderer_classes = (JSONRenderer,)

    def post(self, _: RestRequest) -> RestResponse:
        raise AssertionError


def test_a_preflight_response_does_not_describe_what_may_be_written(torii: dict[str, Any]) -> None:
    """REST framework checks the permission for POST before it describes it."""
    heard: list[ToriiAuthError] = []
    torii["ON_ERROR"] = heard.append
    response = ask_rest(PREFLIGHT, _Notes)
    assert (response.status, response.header("www-authenticate")) == (200, None)
    assert "actions" not in response.json()
    assert heard == []
    described = _ask_as(ADMIN, _Notes, method="OPTIONS")
    assert response.json().keys() < described.json().keys()


def _wants_a_plan(auth: Auth) -> bool:
    return auth.claims_as(_Plan).plan == "pro"


class _Plan(msgspec.Struct):
    plan: str


def _has_an_outage(_: Auth) -> bool:
    raise KeysUnavailable(retry_after=7)


@pytest.mark.parametrize(
    ("check", "refusal"), [(_wants_a_plan, "invalid_claim"), (_has_an_outage, "keys_unavailable")]
)
def test_a_check_may_raise_another_refusal(check: Any, refusal: str) -> None:
    """The response is the one that the authentication class sends."""
    by_permission = permitting(RequirePolicy(check=check))
    by_authentication = {"authentication_classes": (_by(check=check),)}
    for attributes in (by_permission, by_authentication):
        assert_refused_as(_ask_as(MEMBER, **attributes), refusal)


def test_wrong_keywords_of_a_policy_raise_at_once() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        RequirePolicy(role="")
    with pytest.raises(ConfigurationError, match="policy"):
        RequirePolicy("admin")  # type: ignore[arg-type]


def test_on_error_gets_the_refusal_of_a_permission(torii: dict[str, Any]) -> None:
    heard: list[str] = []

    def hear(refusal: ToriiAuthError) -> RefusalResponse:
        heard.append(refusal.reason)
        return RefusalResponse(404, (("X-Reason", "hidden"),), b'{"left":3,"of":["ten"]}')

    torii["ON_ERROR"] = hear
    response = _ask_as(MEMBER, **permitting(RequirePolicy(role="admin")))
    assert (response.status, response.json()) == (404, {"left": 3, "of": ["ten"]})
    assert response.header("x-reason") == "hidden"
    either = permitting(RequirePolicy(role="admin") | IsAuthenticated)
    assert _ask_as(MEMBER, **either).status == 200
    assert heard == ["role"]


def test_an_exception_handler_may_change_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    def restyle(error: Exception, context: Any) -> Optional[RestResponse]:
        assert isinstance(error, APIException)
        assert isinstance(error.__cause__, ToriiAuthError)
        response = exception_handler(error, context)
        assert response is not None
        response.data = {"codes": error.get_codes(), "reason": error.__cause__.reason}
        return response

    monkeypatch.setattr(Me, "get_exception_handler", lambda _: restyle)
    response = _ask_as(MEMBER, **permitting(RequirePolicy(role="admin")))
    assert response.status == 403
    codes = {"error": {"code": "role", "message": "role", "reason": "role"}}
    assert response.json() == {"codes": codes, "reason": "role"}
    assert "insufficient_scope" in (response.header("www-authenticate") or "")


def test_an_async_check_is_a_server_error() -> None:
    async def check(auth: Auth) -> bool:
        raise AssertionError

    assert _ask_as(MEMBER, **permitting(RequirePolicy(check=check))).status == 500


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"left":3,"of":["ten"]}', {"left": 3, "of": ["ten"]}),
        (b'"closed"', {"detail": "closed"}),
        (b"plain text", {"detail": "plain text"}),
        (b'"\xff"', {"detail": '"\ufffd"'}),
        (b"", {"detail": ""}),
    ],
)
def test_the_document_of_on_error_is_kept(
    torii: dict[str, Any], body: bytes, document: object
) -> None:
    torii["ON_ERROR"] = lambda _: RefusalResponse(418, (("Content-Type", "text/plain"),), body)
    response = ask_rest(Request(), **permitting(RequirePolicy()))
    assert (response.status, response.json()) == (418, document)


def test_a_permission_warns_of_a_role_in_any_organization(caplog: pytest.LogCaptureFixture) -> None:
    RequirePolicy(role="admin", organization="org_1")
    RequirePolicy(role="admin", any_organization=True)
    assert caplog.records == []
    RequirePolicy(Policy(role="admin"))
    assert [record.name for record in caplog.records] == ["torii_backend.guard"]
