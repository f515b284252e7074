"""Users: created, read and updated."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from .api import Api, instant

METADATA_FIELDS = ["publicMetadata", "privateMetadata", "unsafeMetadata"]


def test_a_new_user_has_defaults(api: Api) -> None:
    user = api.user()
    UUID(user["id"])
    assert user["environmentId"] == api.environment_id
    assert user["status"] == "active"
    for member in ("name", "firstName", "lastName", "locale", "email", "emailVerifiedAt"):
        assert user[member] is None
    assert user["deletedAt"] is None
    assert [user[field] for field in METADATA_FIELDS] == [{}, {}, {}]
    assert instant(user["createdAt"]) == instant(user["updatedAt"])


def test_a_new_user_has_the_given_fields(api: Api) -> None:
    fields = {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "name": "Ada Lovelace",
        "publicMetadata": {"plan": "pro"},
        "privateMetadata": {"crm": 7},
        "unsafeMetadata": {"theme": "dark"},
    }
    user = api.user(**fields)
    assert {name: user[name] for name in fields} == fields


def test_creation_gets_201_and_reading_returns_the_same_record(api: Api) -> None:
    response = api.request("POST", "/users", {"email": "ada@example.com"})
    assert response.status == 201
    assert api.read(response.json()["id"]) == response.json()


@pytest.mark.parametrize("member", ["email", "password", "firstName", "lastName", "name"])
def test_a_null_field_on_creation_is_not_set(api: Api, member: str) -> None:
    assert api.user(**{member: None}).get(member) is None


def test_two_users_without_an_email_are_two_users(api: Api) -> None:
    assert api.user()["id"] != api.user()["id"]


def test_a_password_is_never_returned(api: Api) -> None:
    response = api.request("POST", "/users", {"password": "correct-Horse-7-battery"})
    assert response.status == 201
    assert b"password" not in response.body and b"Horse" not in response.body


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
def test_an_email_is_taken_once_in_an_environment(api: Api, elsewhere: Api, email: str) -> None:
    api.user(email="ada@example.com")
    api.error(409, "POST", "/users", {"email": email})
    assert elsewhere.user(email=email)["email"]


def test_an_email_must_be_valid(api: Api) -> None:
    wrong: list[Any] = ["", "ada", "@example.com", "ada@", "a b@example.com", 7, {}]
    for email in wrong:
        api.error(400, "POST", "/users", {"email": email})
    assert api.found() == set()


@pytest.mark.parametrize("field", METADATA_FIELDS)
def test_metadata_on_creation_must_be_an_object(api: Api, field: str) -> None:
    wrong: list[Any] = [None, [], "text", 1]
    for value in wrong:
        api.error(400, "POST", "/users", {field: value})
    assert api.found() == set()


def test_nulls_in_metadata_on_creation_store_nothing(api: Api) -> None:
    user = api.user(publicMetadata={"a": None, "b": {"c": None, "d": 1}})
    assert user["publicMetadata"] == {"b": {"d": 1}}


@pytest.mark.parametrize("member", ["firstName", "lastName", "name"])
def test_an_update_sets_keeps_and_clears_fields(api: Api, member: str) -> None:
    path = f"/users/{api.user()['id']}"
    assert api.ok("PATCH", path, {member: "Ada"})[member] == "Ada"
    assert api.ok("PATCH", path, {})[member] == "Ada"
    assert api.ok("PATCH", path, {member: ""})[member] == ""
    assert api.ok("PATCH", path, {member: None})[member] is None


def test_a_null_clears_only_the_full_name(api: Api) -> None:
    user = api.user(firstName="Ada", lastName="Lovelace", name="The Countess")
    cleared = api.ok("PATCH", f"/users/{user['id']}", {"name": None})
    assert cleared["name"] is None
    assert (cleared["firstName"], cleared["lastName"]) == ("Ada", "Lovelace")
    assert api.found(name=None) == {user["id"]}


@pytest.mark.parametrize("locale", ["en", "da", None])
def test_a_locale_is_en_or_da_or_null(api: Api, locale: Any) -> None:
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
def test_a_rejected_update_changes_nothing(api: Api, change: dict[str, Any]) -> None:
    user = api.user(firstName="Nora", lastName="Holm")
    api.error(400, "PATCH", f"/users/{user['id']}", {"firstName": "Ada", **change})
    assert api.read(user["id"]) == user


def test_an_empty_update_is_valid_and_changes_nothing(api: Api) -> None:
    user = api.user(email="ada@example.com", firstName="Nora", unsafeMetadata={"a": 1})
    changed = api.ok("PATCH", f"/users/{user['id']}", {})
    assert {**changed, "updatedAt": user["updatedAt"]} == user


def test_an_update_changes_updated_at_but_not_created_at(api: Api) -> None:
    user = api.user()
    changed = api.ok("PATCH", f"/users/{user['id']}", {"firstName": "Ada"})
    assert changed["createdAt"] == user["createdAt"]
    assert instant(changed["updatedAt"]) >= instant(user["updatedAt"])
    assert api.read(user["id"]) == changed


def test_an_update_ignores_unlisted_fields(api: Api) -> None:
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


def test_emails_differ_if_more_than_letter_case_differs(api: Api) -> None:
    one = api.user(email="straße@x.com")["id"]
    api.invite("strasse@x.com", publicMetadata={"plan": "pro"})
    other = api.user(email="strasse@x.com")
    assert other["publicMetadata"] == {"plan": "pro"}
    api.error(409, "POST", "/users", {"email": "Straße@X.com"})
    assert api.found(emailAddresses=["STRAßE@x.com"]) == api.found(email="straß") == {one}
    assert api.found(emailAddresses=["STRASSE@x.com"]) == api.found(email="Strass") == {other["id"]}
    invitation = api.invite("weiß@x.com")
    assert api.ok("GET", "/invitations", search="WEIß")["items"] == [invitation]
    assert api.ok("GET", "/invitations", search="weiss")["items"] == []
