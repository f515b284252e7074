"""Organizations, their members, and the organizations of a user."""

from __future__ import annotations

from uuid import UUID

import pytest

from .api import Api, instant


def _names(api: Api, text: str) -> set[str]:
    return {row["name"] for row in api.ok("GET", "/organizations", name=text)["items"]}


def test_an_organization_matches_the_schema(api: Api) -> None:
    made = api.organization("Acme", slug="acme")
    organization = api.ok("GET", f"/organizations/{made['id']}")
    assert UUID(organization["id"])
    assert (organization["name"], organization["slug"]) == ("Acme", "acme")
    assert (organization["publicMetadata"], organization["privateMetadata"]) == ({}, {})
    instant(organization["createdAt"])
    assert api.ok("GET", "/organizations")["items"] == [organization]


def test_an_organization_without_a_slug_still_has_a_record(api: Api) -> None:
    made = api.organization("Acme")
    assert api.ok("GET", f"/organizations/{made['id']}")["name"] == "Acme"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("acme", {"Acme", "ACME Danmark"}),
        ("dan", {"ACME Danmark"}),
        ("ØRE", {"Øresund"}),
        ("øre", {"Øresund"}),
        ("%", set()),
        ("_", set()),
        ("nothing", set()),
    ],
)
def test_a_name_contains_the_text_and_letter_case_is_ignored(
    api: Api, text: str, found: set[str]
) -> None:
    for name in ("Acme", "ACME Danmark", "Øresund"):
        api.organization(name)
    assert _names(api, text) == found


def test_a_name_filter_holds_over_the_pages(api: Api) -> None:
    for number in range(5):
        api.organization(f"Acme {number}")
        api.organization(f"Other {number}")
    pages = list(api.pages("GET", "/organizations", name="acme", limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert all(row["name"].startswith("Acme") for page in pages for row in page["items"])


def test_a_membership_shows_from_both_ends(api: Api) -> None:
    organization, user = api.organization("Acme", slug="acme"), api.user()
    api.join(organization["id"], user["id"], "admin")
    members = f"/organizations/{organization['id']}/members"
    metadata = {"publicMetadata": {"seat": 3}, "privateMetadata": {"cost": 7}}
    changed = api.ok("PATCH", f"{members}/{user['id']}/metadata", metadata)
    assert api.ok("GET", members)["items"] == [changed]
    (row,) = api.ok("GET", f"/users/{user['id']}/organizations")["items"]
    for membership in (changed, row):
        assert membership["organizationId"] == organization["id"]
        assert membership["role"] == "admin"
        assert {name: membership[name] for name in metadata} == metadata
    assert changed["userId"] == user["id"]
    assert (row["name"], row["slug"]) == ("Acme", "acme")
    assert instant(row["joinedAt"]) == instant(changed["joinedAt"])
