"""Invitations: PENDING until accepted, revoked or expired, and changeable only while PENDING."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from .api import Api, instant

DETAIL = {"publicMetadata", "privateMetadata"}


def test_a_new_invitation_is_pending_and_returned_without_metadata(api: Api) -> None:
    body = {"email": "ada@example.com", "publicMetadata": {"a": 1}, "privateMetadata": {}}
    response = api.request("POST", "/invitations", body)
    assert response.status == 201
    invitation = response.json()
    assert UUID(invitation["id"])
    assert (invitation["email"], invitation["status"]) == ("ada@example.com", "PENDING")
    assert invitation["environmentId"] == api.environment_id
    assert invitation["acceptedAt"] is None and invitation["revokedAt"] is None
    assert instant(invitation["createdAt"]) < instant(invitation["expiresAt"])
    assert DETAIL.isdisjoint(invitation)


def test_reading_an_invitation_returns_its_metadata(api: Api) -> None:
    invitation = api.invite(publicMetadata={"a": 1}, privateMetadata={"b": 2})
    detail = api.ok("GET", f"/invitations/{invitation['id']}")
    assert detail == {**invitation, "publicMetadata": {"a": 1}, "privateMetadata": {"b": 2}}


@pytest.mark.parametrize("missing", ["email", "publicMetadata", "privateMetadata"])
def test_creation_requires_the_email_and_both_metadata_fields(api: Api, missing: str) -> None:
    body: dict[str, Any] = {
        "email": "ada@example.com",
        "publicMetadata": {},
        "privateMetadata": {},
    }
    del body[missing]
    api.error(400, "POST", "/invitations", body)
    wrong_types: list[Any] = [None, [], 7]
    for wrong in wrong_types:
        api.error(400, "POST", "/invitations", {**body, missing: wrong})
    assert api.ok("GET", "/invitations")["items"] == []


def test_the_address_of_an_account_cannot_be_invited(api: Api, elsewhere: Api) -> None:
    api.user(email="ada@example.com")
    body = {"email": "ADA@example.com", "publicMetadata": {}, "privateMetadata": {}}
    api.error(409, "POST", "/invitations", body)
    assert elsewhere.invite("ada@example.com")["status"] == "PENDING"


@pytest.mark.parametrize("days", [1, 14])
def test_an_invitation_expires_after_the_given_days(api: Api, days: int) -> None:
    invitation = api.invite(expiresInDays=days)
    lifetime = instant(invitation["expiresAt"]) - instant(invitation["createdAt"])
    assert round(lifetime.total_seconds()) == days * 24 * 60 * 60


@pytest.mark.parametrize("member", ["expiresInDays", "redirectUrl"])
def test_an_optional_member_may_be_null(api: Api, member: str) -> None:
    assert api.invite(**{member: None})["status"] == "PENDING"


def test_a_list_row_has_no_metadata(api: Api) -> None:
    invitation = api.invite(publicMetadata={"a": 1})
    assert api.ok("GET", "/invitations")["items"] == [invitation]


def test_revoking_gets_200_and_changes_the_status(api: Api) -> None:
    invitation = api.invite()
    path = f"/invitations/{invitation['id']}"
    assert api.request("DELETE", path).status == 200
    revoked = api.ok("GET", path)
    assert revoked["status"] == "REVOKED"
    assert instant(revoked["revokedAt"]) >= instant(invitation["createdAt"])


def test_resending_returns_the_invitation_without_metadata(api: Api) -> None:
    invitation = api.invite(publicMetadata={"a": 1})
    again = api.ok("POST", f"/invitations/{invitation['id']}/resend")
    assert (again["id"], again["status"]) == (invitation["id"], "PENDING")
    assert DETAIL.isdisjoint(again)


@pytest.mark.parametrize("status", ["REVOKED", "ACCEPTED"])
@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("PATCH", "", {"publicMetadata": {"a": 2}}),
        ("POST", "/resend", {}),
        ("DELETE", "", {}),
    ],
)
def test_an_invitation_that_is_not_pending_cannot_be_changed_resent_or_revoked(
    api: Api, method: str, suffix: str, body: Any, status: str
) -> None:
    path = f"/invitations/{api.invite('ada@example.com', publicMetadata={'a': 1})['id']}"
    if status == "REVOKED":
        api.request("DELETE", path)
    else:
        api.user(email="ada@example.com")
    before = api.ok("GET", path)
    error = api.error(409, method, path + suffix, body)
    assert error["code"] == "invitation_not_pending"
    assert error["invitationStatus"] == status
    assert api.ok("GET", path) == before


def test_a_status_keeps_the_invitations_that_have_it(api: Api) -> None:
    pending, revoked = api.invite()["id"], api.invite()["id"]
    api.request("DELETE", f"/invitations/{revoked}")

    def listed(*statuses: str) -> set[str]:
        rows = api.ok("GET", "/invitations", status=list(statuses))["items"]
        return {row["id"] for row in rows}

    assert listed("PENDING") == {pending}
    assert listed("REVOKED") == {revoked}
    assert listed("PENDING", "REVOKED") == listed() == {pending, revoked}
    assert listed("ACCEPTED") == listed("EXPIRED") == set()


def test_a_search_looks_into_the_address(api: Api) -> None:
    ada = api.invite("ada@example.com")
    api.invite("grace@example.com")
    assert api.ok("GET", "/invitations", search="ada@")["items"] == [ada]
    assert api.ok("GET", "/invitations", search="%")["items"] == []
