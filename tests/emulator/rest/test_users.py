"""Users: created, read and updated."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from .api import Api, instant

BAGS = ["publicMetadata", "privateMetadata", "unsafeMetadata"]


def test_a_new_user_has_defaults_for_all_that_was_not_said(api: Api) -> None:
    user = api.user()
    UUID(user["id"])
    assert user["environmentId"] == api.environment_id
    assert user["status"] == "active"
    for member in ("name", "firstName", "lastName", "locale", "email", "emailVerifiedAt"):
        assert user[member] is None
    assert user["deletedAt"] is None
    assert [user[bag] for bag in BAGS] == [{}, {}, {}]
    assert instant(user["createdAt"]) == instant(user["updatedAt"])


def test_a_new_user_keeps_what_was_said(api: Api) -> None:
    said = {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "name": "Ada Lovelace",
        "publicMetadata": {"plan": "pro"},
        "privateMetadata": {"crm": 7},
        "unsafeMetadata": {"theme": "dark"},
    }
    user = api.user(**said)
    assert {name: user[name] for name in said} == said


def test_creation_answers_201_and_reading_gives_the_same_record(api: Api) -> None:
    response = api.request("POST", "/users", {"email": "ada@example.com"})
    assert response.status == 201
    assert api.read(response.json()["id"]) == response.json()


@pytest.mark.parametrize("member", ["email", "password", "firstName", "lastName", "name"])
def test_a_member_that_is_null_on_creation_is_not_there(api: Api, member: str) -> None:
    assert api.user(**{member: None}).get(member) is None


def test_two_users_without_an_email_are_two_users(api: Api) -> None:
    assert api.user()["id"] != api.user()["id"]


def test_a_password_is_never_answered(api: Api) -> None:
    response = api.request("POST", "/users", {"password": "correct-Horse-7-battery"})
    assert response.status == 201
    assert b"password" not in response.body and b"Horse" not in response.body


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
def test_an_email_is_taken_once_in_an_environment(api: Api, elsewhere: Api, email: str) -> None:
    api.user(email="ada@example.com")
    api.refused(409, "POST", "/users", {"email": email})
    assert elsewhere.user(email=email)["email"]


def test_an_email_has_the_syntax_of_one(api: Api) -> None:
    wrong: list[Any] = ["", "ada", "@example.com", "ada@", "a b@example.com", 7, {}]
    for email in wrong:
        api.refused(400, "POST", "/users", {"email": email})
    assert api.found() == set()


@pytest.mark.parametrize("bag", BAGS)
def test_a_bag_on_creation_is_an_object(api: Api, bag: str) -> None:
    wrong: list[Any] = [None, [], "text", 1]
    for value in wrong:
        api.refused(400, "POST", "/users", {bag: value})
    assert api.found() == set()


def test_nulls_in_a_bag_on_creation_store_nothing(api: Api) -> None:
    user = api.user(publicMetadata={"a": None, "b": {"c": None, "d": 1}})
    assert user["publicMetadata"] == {"b": {"d": 1}}


@pytest.mark.parametrize("member", ["firstName", "lastName", "name"])
def test_an_update_sets_leaves_and_clears(api: Api, member: str) -> None:
    path = f"/users/{api.user()['id']}"
    assert api.ok("PATCH", path, {member: "Ada"})[member] == "Ada"
    assert api.ok("PATCH", path, {})[member] == "Ada"
    assert api.ok("PATCH", path, {member: ""})[member] == ""
    assert api.ok("PATCH", path, {member: None})[member] is None


def test_a_null_clears_the_full_name_alone(api: Api) -> None:
    user = api.user(firstName="Ada", lastName="Lovelace", name="The Countess")
    cleared = api.ok("PATCH", f"/users/{user['id']}", {"name": None})
    assert cleared["name"] is None
    assert (cleared["firstName"], cleared["lastName"]) == ("Ada", "Lovelace")
    assert api.found(name=None) == {user["id"]}


@pytest.mark.parametrize("locale", ["en", "da", None])
def test_a_locale_is_one_that_torii_speaks(api: Api, locale: Any) -> None:
    path = f"/users/{api.user()['id']}"
    assert api.ok("PATCH", path, {"locale": locale})["locale"] == locale


@pytest.mark.parametrize(
    "change",
    [
        {"locale": "xx"},
        {"locale": ""},
        {"locale": 1},
        {"firstName": 5},
        {"lastName": ["Holm"]},
        {"name": {}},
        {"phone": 5},
        {"address": False},
        {"dateOfBirth": "yesterday"},
        {"dateOfBirth": "1990-02-30"},
        {"unsafeMetadata": []},
    ],
    ids=str,
)
def test_a_refused_update_changes_nothing(api: Api, change: dict[str, Any]) -> None:
    user = api.user(firstName="Nora", lastName="Holm")
    api.refused(400, "PATCH", f"/users/{user['id']}", {"firstName": "Ada", **change})
    assert api.read(user["id"]) == user


def test_an_update_that_says_nothing_is_valid_and_changes_nothing(api: Api) -> None:
    user = api.user(email="ada@example.com", firstName="Nora", unsafeMetadata={"a": 1})
    changed = api.ok("PATCH", f"/users/{user['id']}", {})
    assert {**changed, "updatedAt": user["updatedAt"]} == user


def test_an_update_leaves_the_time_of_creation_and_moves_the_time_of_change(api: Api) -> None:
    user = api.user()
    changed = api.ok("PATCH", f"/users/{user['id']}", {"firstName": "Ada"})
    assert changed["createdAt"] == user["createdAt"]
    assert instant(changed["updatedAt"]) >= instant(user["updatedAt"])
    assert api.read(user["id"]) == changed


def test_an_update_cannot_change_what_it_does_not_list(api: Api) -> None:
    user = api.user(email="ada@example.com")
    body = {
        "id": str(uuid4()),
        "email": "eve@example.com",
        "status": "banned",
        "environmentId": str(uuid4()),
        "publicMetadata": {"admin": True},
    }
    changed = api.ok("PATCH", f"/users/{user['id']}", body)
    assert {**changed, "updatedAt": user["updatedAt"]} == user


def test_names_keep_every_character(api: Api) -> None:
    name = 'Zoë "Z" O\'Hara; DROP TABLE users; -- 名前 𝄞'
    user = api.user(name=name)
    assert api.read(user["id"])["name"] == name


def test_addresses_that_differ_in_more_than_letter_case_are_two(api: Api) -> None:
    one = api.user(email="straße@x.com")["id"]
    api.invite("strasse@x.com", publicMetadata={"plan": "pro"})
    other = api.user(email="strasse@x.com")
    assert other["publicMetadata"] == {"plan": "pro"}
    api.refused(409, "POST", "/users", {"email": "Straße@X.com"})
    assert api.found(emailAddresses=["STRAßE@x.com"]) == api.found(email="straß") == {one}
    assert api.found(emailAddresses=["STRASSE@x.com"]) == api.found(email="Strass") == {other["id"]}
    invitation = api.invite("weiß@x.com")
    assert api.ok("GET", "/invitations", search="WEIß")["items"] == [invitation]
    assert api.ok("GET", "/invitations", search="weiss")["items"] == []
