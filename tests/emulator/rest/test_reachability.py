"""What a key reaches: foreign and unknown users, organizations and invitations."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from .api import Api

# Where the file lists 404 it is for an unknown id; where it lists 403 alone, that covers both.
USER_CALLS: list[tuple[str, str, Any, int]] = [
    ("GET", "", None, 404),
    ("PATCH", "", {"firstName": "Eve"}, 404),
    ("DELETE", "", None, 404),
    ("PATCH", "/metadata", {"publicMetadata": {"a": 1}}, 404),
    ("POST", "/ban", None, 404),
    ("POST", "/unban", None, 404),
    ("GET", "/organizations", None, 403),
    ("GET", "/sessions", None, 403),
    ("DELETE", "/sessions", None, 403),
    ("DELETE", "/sessions/{session}", None, 403),
]
ORGANIZATION_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "/metadata", {"publicMetadata": {"a": 1}}),
    ("GET", "/members", None),
    ("PATCH", "/members/{user}/metadata", {"publicMetadata": {"a": 1}}),
]
INVITATION_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"publicMetadata": {"a": 1}}),
    ("DELETE", "", None),
    ("POST", "/resend", None),
]


def _expect_error(api: Api, status: int, method: str, path: str, body: Any) -> None:
    if body is None:
        api.error(status, method, path)
    else:
        api.error(status, method, path, body)


@pytest.mark.parametrize(("method", "suffix", "body", "unknown"), USER_CALLS)
def test_a_foreign_user_gets_403_and_is_unchanged(
    api: Api, elsewhere: Api, method: str, suffix: str, body: Any, unknown: int
) -> None:
    user = elsewhere.user(firstName="Ada")
    session_id = elsewhere.sign_in(user["id"])["id"]
    path = f"/users/{user['id']}{suffix}".format(session=session_id)
    _expect_error(api, 403, method, path, body)
    assert elsewhere.read(user["id"]) == user
    assert elsewhere.sessions(user["id"]) == [session_id]


@pytest.mark.parametrize(("method", "suffix", "body", "unknown"), USER_CALLS)
def test_an_unknown_user_gets_404_or_403_as_documented(
    api: Api, method: str, suffix: str, body: Any, unknown: int
) -> None:
    path = f"/users/{uuid4()}{suffix}".format(session=uuid4())
    _expect_error(api, unknown, method, path, body)


@pytest.mark.parametrize(("method", "suffix", "body"), ORGANIZATION_CALLS)
def test_a_foreign_or_unknown_organization_gets_404(
    api: Api, elsewhere: Api, method: str, suffix: str, body: Any
) -> None:
    organization = elsewhere.organization()
    user_id = elsewhere.user()["id"]
    elsewhere.join(organization["id"], user_id)
    before = elsewhere.ok("GET", f"/organizations/{organization['id']}")
    for organization_id in (organization["id"], str(uuid4())):
        path = f"/organizations/{organization_id}{suffix}".format(user=user_id)
        _expect_error(api, 404, method, path, body)
    assert elsewhere.ok("GET", f"/organizations/{organization['id']}") == before


@pytest.mark.parametrize("who", ["not a member", "foreign", "unknown"])
def test_an_unknown_membership_gets_404(api: Api, elsewhere: Api, who: str) -> None:
    organization_id = api.organization()["id"]
    user_ids = {
        "not a member": api.user()["id"],
        "foreign": elsewhere.user()["id"],
        "unknown": str(uuid4()),
    }
    path = f"/organizations/{organization_id}/members/{user_ids[who]}/metadata"
    api.error(404, "PATCH", path, {"publicMetadata": {"a": 1}})


@pytest.mark.parametrize(("method", "suffix", "body"), INVITATION_CALLS)
def test_a_foreign_or_unknown_invitation_gets_404(
    api: Api, elsewhere: Api, method: str, suffix: str, body: Any
) -> None:
    invitation = elsewhere.invite()
    path = f"/invitations/{invitation['id']}"
    before = elsewhere.ok("GET", path)
    _expect_error(api, 404, method, path + suffix, body)
    _expect_error(api, 404, method, f"/invitations/{uuid4()}{suffix}", body)
    assert elsewhere.ok("GET", path) == before


def test_each_environment_lists_its_own(api: Api, elsewhere: Api) -> None:
    for one, other in ((api, elsewhere), (elsewhere, api)):
        user, organization, invitation = one.user(), one.organization(), one.invite()
        one.ok("PUT", "/allowed-origins", {"origins": ["https://mine.example"]})
        assert user["environmentId"] == one.environment_id
        assert user["id"] not in other.found()
        for path, row in (("/organizations", organization), ("/invitations", invitation)):
            ids = [item["id"] for item in other.ok("GET", path)["items"]]
            assert row["id"] not in ids
        other.ok("PUT", "/allowed-origins", {"origins": []})
        mine = one.ok("GET", "/allowed-origins")
        assert mine == {"origins": ["https://mine.example"]}
