"""What the emulator decides where Torii's rule is not published: the table of docs/emulator.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .rest.api import Api, api_of

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

NO_METADATA: dict[str, Any] = {"publicMetadata": {}, "privateMetadata": {}}


@pytest.fixture
def api(torii: Emulator) -> Api:
    return api_of(torii)


def test_a_deleted_user_can_be_read_but_not_written(api: Api) -> None:
    user_id = api.user(email="ada@example.com")["id"]
    api.sign_in(user_id)
    api.done("DELETE", f"/users/{user_id}")
    assert api.read(user_id)["status"] == "deleted"
    assert api.found() == {user_id}
    assert api.sessions(user_id) == []
    writes: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"firstName": "Eve"}),
        ("PATCH", "/metadata", {"publicMetadata": {"a": 1}}),
        ("POST", "/ban", {}),
        ("POST", "/unban", {}),
        ("DELETE", "/sessions", {}),
    ]
    before = api.read(user_id)
    for method, path, body in writes:
        api.error(403, method, f"/users/{user_id}{path}", body)
    assert api.read(user_id) == before


def test_a_deleted_user_has_no_memberships_and_frees_the_email(api: Api) -> None:
    user, organization = api.user(email="ada@example.com"), api.organization()
    api.join(organization["id"], user["id"])
    api.done("DELETE", f"/users/{user['id']}")
    assert api.ok("GET", f"/organizations/{organization['id']}/members")["items"] == []
    assert api.ok("GET", f"/users/{user['id']}/organizations")["items"] == []
    assert api.found(organizationId=organization["id"]) == set()
    assert api.user(email="ada@example.com")["id"] != user["id"]


def test_an_empty_list_of_statuses_matches_no_user(api: Api) -> None:
    api.user()
    assert api.found(statuses=[]) == set()


@pytest.mark.parametrize(
    "filters",
    [
        {"userIds": ["user_ada"]},
        {"organizationId": "org_1"},
        {"statuses": ["sleeping"]},
        {"statuses": ["active", "active"]},
    ],
)
def test_a_filter_that_can_match_nothing_is_rejected(api: Api, filters: Any) -> None:
    api.error(400, "POST", "/users/search", filters)


def test_an_id_that_is_not_a_uuid_is_unknown(api: Api) -> None:
    api.error(404, "GET", "/users/user_ada")
    api.error(403, "GET", "/users/user_ada/sessions")
    api.error(404, "GET", "/organizations/org_1")
    api.error(403, "DELETE", f"/users/{api.user()['id']}/sessions/sess_1")


def test_an_id_may_be_in_upper_case(api: Api) -> None:
    user = api.user()
    assert api.read(user["id"].upper()) == user
    assert api.found(userIds=[user["id"].upper()]) == {user["id"]}


def test_a_password_has_at_least_eight_characters(api: Api) -> None:
    api.error(400, "POST", "/users", {"password": "1234567"})
    assert api.user(password="12345678")["status"] == "active"


def test_the_full_name_follows_the_others_until_it_is_set(api: Api) -> None:
    user = api.user(firstName="Ada", name=None)
    path = f"/users/{user['id']}"
    assert user["name"] == "Ada"
    assert api.ok("PATCH", path, {"lastName": "Byron"})["name"] == "Ada Byron"
    assert api.ok("PATCH", path, {"name": "Countess"})["name"] == "Countess"
    assert api.ok("PATCH", path, {"firstName": "Augusta"})["name"] == "Countess"


def test_metadata_nests_64_levels(api: Api) -> None:
    def nested(levels: int) -> Any:
        value: Any = 1
        for level in range(levels):
            value = {"a": value} if level % 2 else [value]
        return {"a": value}

    user_id = api.user(publicMetadata=nested(63))["id"]
    path = f"/users/{user_id}/metadata"
    for levels in (64, 500, 900):
        error = api.error(400, "PATCH", path, {"privateMetadata": nested(levels)})
    assert error["code"] == "metadata_too_large"
    assert api.read(user_id)["publicMetadata"] == nested(63)


def test_a_new_user_accepts_the_invitations_of_the_address(api: Api, torii: Emulator) -> None:
    first = api.invite("ada@example.com", publicMetadata={"plan": "free", "team": "red"})
    second = api.invite("ADA@example.com", privateMetadata={"crm": 7})
    revoked = api.invite("ada@example.com", publicMetadata={"never": True})
    other = api.invite("grace@example.com")
    api.request("DELETE", f"/invitations/{revoked['id']}")
    user = api.user(email="Ada@example.com", publicMetadata={"plan": "pro", "team": None})
    assert user["publicMetadata"] == {"plan": "pro"}
    assert user["privateMetadata"] == {"crm": 7}
    rows = {row["id"]: row for row in api.ok("GET", "/invitations")["items"]}
    assert [rows[row["id"]]["status"] for row in (first, second, revoked, other)] == [
        "ACCEPTED",
        "ACCEPTED",
        "REVOKED",
        "PENDING",
    ]
    assert rows[first["id"]]["acceptedAt"] == user["createdAt"]


def test_only_the_newest_invitation_gives_its_metadata(api: Api) -> None:
    big = {"a": "x" * 5000}
    for number in range(3):
        api.invite("ada@example.com", publicMetadata={**big, f"only-{number}": number})
    user = api.user(email="ada@example.com")
    assert user["publicMetadata"] == {**big, "only-2": 2}
    rows = api.ok("GET", "/invitations")["items"]
    assert {row["status"] for row in rows} == {"ACCEPTED"}


def test_the_metadata_of_a_full_invitation_fits_a_user(api: Api) -> None:
    full = {"k": "a" * (8192 - len('{"k":""}') - len("{}"))}
    api.invite("ada@example.com", publicMetadata=full)
    assert api.user(email="ada@example.com")["publicMetadata"] == full


def test_metadata_that_is_too_large_with_that_of_an_invitation_is_rejected(api: Api) -> None:
    invitation = api.invite("ada@example.com", publicMetadata={"a": "x" * 5000})
    body = {"email": "ada@example.com", "unsafeMetadata": {"b": "y" * 5000}}
    error = api.error(400, "POST", "/users", body)
    assert error["code"] == "metadata_too_large"
    assert api.ok("GET", f"/invitations/{invitation['id']}")["status"] == "PENDING"


def test_a_rejected_user_accepts_no_invitation(api: Api) -> None:
    invitation = api.invite("ada@example.com")
    body = {"email": "ada@example.com", "publicMetadata": {"a": "x" * 8192}}
    api.error(400, "POST", "/users", body)
    assert api.ok("GET", f"/invitations/{invitation['id']}")["status"] == "PENDING"


@pytest.mark.parametrize(
    "members",
    [
        {"expiresInDays": 0},
        {"expiresInDays": 366},
        {"expiresInDays": -(10**30)},
        {"redirectUrl": "javascript:alert(1)"},
        {"redirectUrl": "https://"},
        {"email": "ada"},
    ],
)
def test_an_invalid_invitation_is_rejected(api: Api, members: Any) -> None:
    api.error(400, "POST", "/invitations", {"email": "ada@example.com", **NO_METADATA, **members})
    assert api.ok("GET", "/invitations")["items"] == []


def test_a_status_filter_has_either_letter_case_and_no_other_words(api: Api) -> None:
    invitation = api.invite()
    assert api.ok("GET", "/invitations", status="pending")["items"] == [invitation]
    assert api.ok("GET", "/invitations", status="OPEN")["items"] == []


def test_a_missing_or_other_body_is_rejected(api: Api) -> None:
    key = {"Authorization": f"Bearer {api.secret_key}"}
    path = "/api/server/v1/users"
    assert api.wire.send("POST", path, None, key).status == 400
    assert api.wire.send("POST", path, "{}", key).status == 415
    form = {**key, "Content-Type": "application/x-www-form-urlencoded"}
    assert api.wire.send("POST", path, "email=x", form).status == 415


def test_a_member_can_be_given_another_role(api: Api) -> None:
    user, organization = api.user()["id"], api.organization()["id"]
    joined = api.join(organization, user, "member")
    changed = api.join(organization, user, "admin")
    assert changed == {**joined, "role": "admin"}
    assert api.ok("GET", f"/organizations/{organization}/members")["items"] == [changed]


def test_a_link_without_a_landing_page_returns_the_token(api: Api) -> None:
    user = api.user()["id"]
    body = {"actorUserId": api.user()["id"], "reason": ""}
    token = api.ok("POST", f"/users/{user}/impersonation-token", body)["token"]
    path = f"/_torii/auth/session/impersonate?token={token}"
    assert sorted(api.wire.get(path).json()) == ["accessToken", "expiresAt"]
    assert api.wire.get(path).status == 401


def test_an_actor_is_a_user_of_this_environment(api: Api) -> None:
    user = api.user()["id"]
    path = f"/users/{user}/impersonation-token"
    api.error(400, "POST", path, {"actorUserId": "op_1", "reason": ""})
    gone = api.user()["id"]
    api.done("DELETE", f"/users/{gone}")
    api.error(403, "POST", path, {"actorUserId": gone, "reason": ""})


def test_a_banned_actor_gets_no_token(api: Api) -> None:
    user, actor = api.user()["id"], api.user()["id"]
    body = {"actorUserId": actor, "reason": ""}
    api.ok("POST", f"/users/{actor}/ban")
    api.error(403, "POST", f"/users/{user}/impersonation-token", body)
    api.ok("POST", f"/users/{actor}/unban")
    api.ok("POST", f"/users/{user}/impersonation-token", body)


@pytest.mark.parametrize(("method", "end"), [("POST", "/ban"), ("DELETE", "")])
def test_a_token_of_a_banned_or_deleted_actor_gets_401(api: Api, method: str, end: str) -> None:
    user, actor = api.user()["id"], api.user()["id"]
    body = {"actorUserId": actor, "reason": ""}
    token = api.ok("POST", f"/users/{user}/impersonation-token", body)["token"]
    api.request(method, f"/users/{actor}{end}")
    response = api.wire.post("/_torii/auth/session/impersonate", {"token": token})
    assert response.status == 401
    assert api.sessions(user) == []


def test_an_outage_reaches_impersonation_but_not_the_rest_api(api: Api, torii: Emulator) -> None:
    torii.outage("error")
    response = api.wire.post("/_torii/auth/session/impersonate", {"token": "x"})
    assert response.status == 503
    assert api.search()["items"] == []
