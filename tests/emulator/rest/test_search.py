"""Search: each filter, and filters together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from .api import Api, instant

People = dict[str, Any]


@pytest.fixture
def people(api: Api, elsewhere: Api) -> People:
    """Four users, one of them without a name and an email, and a fifth in the other environment."""
    people = {
        "ada": api.user(email="ada@example.com", name="Ada Lovelace"),
        "grace": api.user(email="Grace@Example.com", name="Grace Hopper"),
        "oersted": api.user(email="hc@uni.example", name="Hans Christian ØRSTED"),
        "nobody": api.user(),
    }
    elsewhere.user(email="ada@example.com", name="Ada Lovelace")
    return people


def _ids(people: People, *names: str) -> set[str]:
    return {people[name]["id"] for name in names}


@pytest.mark.parametrize("filters", [{}, {"unknown": 1}])
def test_a_search_without_filters_finds_all_users_of_the_environment(
    api: Api, people: People, filters: dict[str, Any]
) -> None:
    assert api.found(**filters) == _ids(people, *people)


def test_a_search_may_have_no_body(api: Api, people: People) -> None:
    assert {user["id"] for user in api.search()["items"]} == _ids(people, *people)


def test_a_search_returns_whole_records(api: Api, people: People) -> None:
    (found,) = api.search({"email": "ada"})["items"]
    assert found == people["ada"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Ada", {"ada"}),
        ("ada love", {"ada"}),
        ("HOPPER", {"grace"}),
        ("ørsted", {"oersted"}),
        ("a", {"ada", "grace", "oersted"}),
        ("nobody", set()),
        (None, {"nobody"}),
    ],
)
def test_a_name_contains_the_text_and_letter_case_is_ignored(
    api: Api, people: People, name: Any, found: set[str]
) -> None:
    assert api.found(name=name) == _ids(people, *found)


@pytest.mark.parametrize("text", ["%", "_", "\\", "*", "?", "[a-z]", "'"])
def test_wildcard_characters_match_themselves(api: Api, text: str) -> None:
    api.user(name="Ada", email="ada@example.com")
    assert api.found(name=text) == set()
    odd = api.user(name=f"before{text}after")
    assert api.found(name=text) == {odd["id"]}
    assert api.found(email=text) == set()


def test_user_ids_select_those_users(api: Api, people: People) -> None:
    ids = _ids(people, "ada", "nobody")
    assert api.found(userIds=sorted(ids)) == ids
    assert api.found(userIds=[*ids, *ids, str(uuid4())]) == ids


def test_ids_of_the_other_environment_match_no_user(api: Api, elsewhere: Api) -> None:
    assert api.found(userIds=[elsewhere.user()["id"]]) == set()


def test_email_addresses_select_whole_addresses_in_any_letter_case(
    api: Api, people: People
) -> None:
    asked = ["ADA@example.com", "grace@example.com", "uni.example", "hc@uni"]
    assert api.found(emailAddresses=asked) == _ids(people, "ada", "grace")


def test_email_selects_by_a_part_of_the_address(api: Api, people: People) -> None:
    assert api.found(email="hc@") == _ids(people, "oersted")
    assert api.found(email="example.com") >= _ids(people, "ada")
    assert api.found(email="nowhere") == set()


@pytest.mark.parametrize("email", [None, "", " ", "\t \n"])
def test_an_email_that_is_null_or_blank_does_not_restrict(
    api: Api, people: People, email: Any
) -> None:
    assert api.found(email=email) == _ids(people, *people)
    assert api.found(email=email, name="ada") == _ids(people, "ada")


@pytest.mark.parametrize("selector", ["userIds", "emailAddresses"])
def test_an_empty_list_yields_an_empty_page(api: Api, people: People, selector: str) -> None:
    page = api.search({selector: []})
    assert page == {"items": [], "nextCursor": None, "hasMore": False}
    assert api.found(**{selector: []}, name="ada") == set()


@pytest.mark.parametrize("selector", ["userIds", "emailAddresses"])
def test_a_list_is_limited_to_100_entries(api: Api, people: People, selector: str) -> None:
    entry = {"userIds": people["ada"]["id"], "emailAddresses": "ada@example.com"}[selector]
    entries = [entry, *(str(uuid4()) for _ in range(99))]
    assert api.found(**{selector: entries}) == _ids(people, "ada")
    api.error(400, "POST", "/users/search", {selector: [*entries, str(uuid4())]})


def test_statuses_select_any_of_them(api: Api) -> None:
    active, banned, deleted = (api.user()["id"] for _ in range(3))
    api.ok("POST", f"/users/{banned}/ban")
    api.done("DELETE", f"/users/{deleted}")
    assert api.found(statuses=["active"]) == {active}
    assert api.found(statuses=["banned"]) == {banned}
    assert api.found(statuses=["deleted"]) == {deleted}
    assert api.found(statuses=["active", "banned"]) == {active, banned}
    assert api.found(statuses=["active", "banned", "deleted"]) == {active, banned, deleted}


def test_times_of_creation_are_inclusive_at_both_ends(api: Api) -> None:
    user = api.user()
    created = instant(user["createdAt"])
    second = timedelta(seconds=1)
    assert api.found(createdAfter=user["createdAt"]) == {user["id"]}
    assert api.found(createdBefore=user["createdAt"]) == {user["id"]}
    assert api.found(createdAfter=user["createdAt"], createdBefore=user["createdAt"])
    assert api.found(createdAfter=(created + second).isoformat()) == set()
    assert api.found(createdBefore=(created - second).isoformat()) == set()


@pytest.mark.parametrize("offset", ["+00:00", "+02:00", "-09:30"])
def test_times_may_come_in_any_offset(api: Api, offset: str) -> None:
    user = api.user()
    sign, hours, minutes = offset[0], int(offset[1:3]), int(offset[4:])
    shift = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    local = (instant(user["createdAt"]) + shift).replace(tzinfo=None)
    before = (local - timedelta(seconds=1)).isoformat() + offset
    after = (local + timedelta(seconds=1)).isoformat() + offset
    assert api.found(createdAfter=before, createdBefore=after) == {user["id"]}
    assert api.found(createdAfter=after) == set()


@pytest.mark.parametrize("time", ["createdAfter", "createdBefore", "organizationId"])
def test_a_filter_that_is_null_does_not_restrict(api: Api, people: People, time: str) -> None:
    assert api.found(**{time: None}) == _ids(people, *people)


def test_an_organization_selects_its_members_without_a_cap(api: Api) -> None:
    organization = api.organization()["id"]
    members = {api.user()["id"] for _ in range(101)}
    api.user()
    for user_id in members:
        api.join(organization, user_id)
    assert api.found(organizationId=organization) == members


def test_a_foreign_or_unknown_organization_matches_no_user(
    api: Api, elsewhere: Api, people: People
) -> None:
    foreign = elsewhere.organization()["id"]
    elsewhere.join(foreign, elsewhere.user()["id"])
    assert api.found(organizationId=foreign) == set()
    assert api.found(organizationId=str(uuid4())) == set()


def test_all_filters_hold_together(api: Api, people: People) -> None:
    ada, grace = people["ada"], people["grace"]
    organization = api.organization()["id"]
    api.join(organization, ada["id"])
    every: dict[str, Any] = {
        "name": "love",
        "userIds": [ada["id"], grace["id"]],
        "emailAddresses": ["ada@example.com", "grace@example.com"],
        "email": "ada",
        "statuses": ["active"],
        "createdAfter": ada["createdAt"],
        "createdBefore": ada["createdAt"],
        "organizationId": organization,
    }
    assert api.found(**every) == {ada["id"]}
    against: dict[str, Any] = {
        "name": "hopper",
        "userIds": [grace["id"]],
        "emailAddresses": ["grace@example.com"],
        "email": "grace",
        "statuses": ["banned"],
        "createdAfter": "2999-01-01T00:00:00Z",
        "createdBefore": "1999-01-01T00:00:00Z",
        "organizationId": str(uuid4()),
    }
    for name, value in against.items():
        assert api.found(**{**every, name: value}) == set(), name


@pytest.mark.parametrize(
    "filters",
    [
        {"statuses": None},
        {"statuses": ["asleep"]},
        {"statuses": "active"},
        {"userIds": None},
        {"userIds": "text"},
        {"emailAddresses": None},
        {"emailAddresses": [7]},
        {"email": 7},
        {"name": ["ada"]},
        {"createdAfter": "yesterday"},
        {"createdBefore": 7},
        {"organizationId": 7},
    ],
    ids=str,
)
def test_a_filter_of_the_wrong_type_is_rejected(api: Api, filters: dict[str, Any]) -> None:
    api.error(400, "POST", "/users/search", filters)
