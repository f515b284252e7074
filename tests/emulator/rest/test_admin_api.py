"""The admin API's part: what the REST API cannot create, and stricter about what it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from .api import Api

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


UNKNOWN_ID = "01970000-0000-7000-8000-0000000000ff"


def _ids(api: Api) -> dict[str, str]:
    return {
        "user": api.user(email="ada@example.com")["id"],
        "organization": api.organization()["id"],
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions", {"userId": "{user}"}),
        ("/organizations", {"name": "Acme"}),
        (
            "/members",
            {"organizationId": "{organization}", "userId": "{user}", "role": "member"},
        ),
        ("/users/{user}/verify-email", {}),
    ],
)
def test_unknown_fields_are_rejected_by_name(api: Api, path: str, body: dict[str, Any]) -> None:
    ids = _ids(api)
    good = {name: value.format(**ids) for name, value in body.items()}
    response = api.wire.post("/_emulator" + path.format(**ids), {**good, "shoeSize": 44})
    assert response.status == 400
    assert "shoeSize" in response.message
    api.admin(path.format(**ids), good)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions", {}),
        ("/sessions", {"userId": 7}),
        ("/organizations", {}),
        ("/organizations", {"name": None}),
        ("/organizations", {"name": ""}),
        ("/organizations", {"name": "Acme", "environmentId": UNKNOWN_ID}),
        ("/organizations", {"name": "Acme", "environmentId": ""}),
        ("/members", {"organizationId": "{organization}", "userId": "{user}", "role": 7}),
        ("/members", {"organizationId": "{organization}", "userId": "{user}", "role": ""}),
        ("/members", {"organizationId": UNKNOWN_ID, "userId": "{user}", "role": "member"}),
        (
            "/members",
            {"organizationId": "{organization}", "userId": UNKNOWN_ID, "role": "member"},
        ),
        (f"/users/{UNKNOWN_ID}/verify-email", {}),
    ],
)
def test_invalid_requests_are_rejected(api: Api, path: str, body: dict[str, Any]) -> None:
    ids = _ids(api)
    sent = {
        name: value.format(**ids) if isinstance(value, str) else value
        for name, value in body.items()
    }
    response = api.wire.post("/_emulator" + path, sent)
    assert 400 <= response.status < 500
    assert response.message


def test_a_user_does_not_join_an_organization_of_another_environment(
    api: Api, elsewhere: Api
) -> None:
    body = {
        "organizationId": elsewhere.organization()["id"],
        "userId": api.user()["id"],
        "role": "member",
    }
    assert 400 <= api.wire.post("/_emulator/members", body).status < 500


def test_an_organization_belongs_to_the_first_environment_by_default(
    api: Api, elsewhere: Api
) -> None:
    made = api.admin("/organizations", {"name": "Acme"})
    assert [row["id"] for row in api.ok("GET", "/organizations")["items"]] == [made["id"]]
    assert elsewhere.ok("GET", "/organizations")["items"] == []


def test_verifying_the_email_of_an_unknown_user_gets_404(api: Api) -> None:
    gone = api.user(email="ada@example.com")["id"]
    api.done("DELETE", f"/users/{gone}")
    for user_id in (gone, str(uuid4())):
        response = api.wire.post(f"/_emulator/users/{user_id}/verify-email")
        assert (response.status, response.message) == (404, "User not found.")


def test_an_id_may_be_in_upper_case(api: Api) -> None:
    user = api.user(email="ada@example.com")["id"]
    made = api.admin(
        "/organizations", {"name": "Acme", "environmentId": api.environment_id.upper()}
    )
    member = api.join(made["id"].upper(), user.upper(), "admin")
    assert (member["organizationId"], member["userId"]) == (made["id"], user)
    assert api.join(made["id"], user, "admin") == member
    session = api.sign_in(user.upper(), made["id"].upper())
    assert (session["userId"], session["activeOrganizationId"]) == (user, made["id"])
    claims = api.wire.verified(session["accessToken"])
    assert (claims["sub"], claims["org_id"]) == (user, made["id"])
    assert api.sessions(user) == [session["id"]]


def test_a_user_is_known_by_an_id_in_upper_case(api: Api, torii: Emulator) -> None:
    user = api.user(email="ada@example.com")["id"]
    token = api.admin("/tokens", {"userId": user.upper()})["accessToken"]
    claims = api.wire.verified(token)
    assert (claims["sub"], claims["email_verified"]) == (user, False)
    api.ok("POST", f"/users/{user}/ban")
    assert api.wire.post("/_emulator/tokens", {"userId": user.upper()}).status == 400
    with pytest.raises(ValueError, match="banned"):
        torii.issue_token(user_id=user.upper())


def test_an_unknown_user_id_is_not_normalized(api: Api) -> None:
    for user_id in ("User_Ada", str(uuid4()).upper()):
        token = api.admin("/tokens", {"userId": user_id})["accessToken"]
        assert api.wire.verified(token)["sub"] == user_id
