"""Metadata: recursive merges, nulls that delete, and sizes judged on the merged result."""

from __future__ import annotations

import json
from typing import Any, Callable
from uuid import UUID

import pytest

from .api import Api

LIMIT = 8192
METADATA_FIELDS = ["publicMetadata", "privateMetadata"]
USER_METADATA_FIELDS = [*METADATA_FIELDS, "unsafeMetadata"]
Metadata = dict[str, Any]


class Owner:
    """Something that carries metadata, which a PATCH of its path merges into."""

    def __init__(self, api: Api, path: str) -> None:
        self.api = api
        self.path = path

    def merge(self, **metadata: Any) -> Any:
        return self.api.ok("PATCH", self.path, metadata)

    def expect_400(self, document: Any) -> None:
        """Expect 400, and the metadata as they were."""
        before = self.metadata()
        self.api.error(400, "PATCH", self.path, document)
        assert self.metadata() == before

    def metadata(self) -> Metadata:
        """Return the metadata by a merge that changes nothing."""
        merged = self.merge(publicMetadata={})
        return {name: merged[name] for name in USER_METADATA_FIELDS if name in merged}


def _user(api: Api) -> Owner:
    return Owner(api, f"/users/{api.user()['id']}/metadata")


def _organization(api: Api) -> Owner:
    return Owner(api, f"/organizations/{api.organization()['id']}/metadata")


def _membership(api: Api) -> Owner:
    organization_id, user_id = api.organization()["id"], api.user()["id"]
    api.join(organization_id, user_id)
    return Owner(api, f"/organizations/{organization_id}/members/{user_id}/metadata")


def _invitation(api: Api) -> Owner:
    return Owner(api, f"/invitations/{api.invite()['id']}")


OWNERS = {
    "user": _user,
    "organization": _organization,
    "membership": _membership,
    "invitation": _invitation,
}


@pytest.fixture(params=OWNERS)
def owner(request: pytest.FixtureRequest, api: Api) -> Owner:
    make: Callable[[Api], Owner] = OWNERS[request.param]
    return make(api)


@pytest.fixture(params=["organization", "membership", "invitation"])
def strict_owner(request: pytest.FixtureRequest, api: Api) -> Owner:
    """An owner whose merges must name a metadata field."""
    return OWNERS[request.param](api)


def _size(metadata: Metadata) -> int:
    return len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode())


def _filled(size: int, letter: str = "a") -> Metadata:
    """Return metadata of this many bytes as compact UTF-8 JSON."""
    room = size - _size({"k": ""})
    count, rest = divmod(room, len(letter.encode()))
    metadata = {"k": letter * count + "a" * rest}
    assert _size(metadata) == size
    return metadata


def test_a_merge_goes_into_objects_and_replaces_everything_else(owner: Owner) -> None:
    owner.merge(privateMetadata={"a": {"b": {"c": 1, "d": [1, 2]}, "e": "x"}, "f": {"g": 1}})
    merged = owner.merge(privateMetadata={"a": {"b": {"d": [3], "h": True}}, "f": 7})
    assert merged["privateMetadata"] == {
        "a": {"b": {"c": 1, "d": [3], "h": True}, "e": "x"},
        "f": 7,
    }


def test_an_object_replaces_a_value_that_is_not_one(owner: Owner) -> None:
    owner.merge(publicMetadata={"a": [1], "b": "text"})
    merged = owner.merge(publicMetadata={"a": {"x": 1}, "b": {}})
    assert merged["publicMetadata"] == {"a": {"x": 1}, "b": {}}


def test_a_null_deletes_its_key_at_any_depth(owner: Owner) -> None:
    owner.merge(publicMetadata={"a": {"b": {"c": {"d": 1, "e": 2}}}, "f": 3})
    merged = owner.merge(publicMetadata={"a": {"b": {"c": {"d": None}}}})
    assert merged["publicMetadata"] == {"a": {"b": {"c": {"e": 2}}}, "f": 3}


def test_nulls_inside_a_new_object_store_nothing(owner: Owner) -> None:
    merged = owner.merge(publicMetadata={"a": {"gone": None, "kept": {"gone": None, "x": 1}}})
    assert merged["publicMetadata"] == {"a": {"kept": {"x": 1}}}


def test_a_field_that_the_merge_omits_is_unchanged(owner: Owner) -> None:
    owner.merge(publicMetadata={"a": 1}, privateMetadata={"b": 2})
    merged = owner.merge(privateMetadata={"c": 3})
    assert merged["publicMetadata"] == {"a": 1}
    assert merged["privateMetadata"] == {"b": 2, "c": 3}


def test_merging_empty_metadata_changes_nothing(owner: Owner) -> None:
    before = owner.merge(publicMetadata={"a": 1})
    merged = owner.merge(publicMetadata={}, privateMetadata={})
    assert merged["publicMetadata"] == before["publicMetadata"]


def test_values_come_back_as_they_were_sent(owner: Owner) -> None:
    metadata = {
        "text": 'é ☃ 𝄞 "\\/\n\u2028',
        "": "an empty name",
        "numbers": [0, -1, 1.5, 1e300, 2**53],
        "falsy": [False, "", [], {}],
    }
    assert owner.merge(privateMetadata=metadata)["privateMetadata"] == metadata


def test_a_null_in_an_array_is_a_value(owner: Owner) -> None:
    merged = owner.merge(publicMetadata={"list": [None, {"a": None}, 1]})
    assert merged["publicMetadata"]["list"][0] is None


@pytest.mark.parametrize("name", METADATA_FIELDS)
def test_metadata_must_be_an_object(owner: Owner, name: str) -> None:
    owner.merge(publicMetadata={"a": 1}, privateMetadata={"b": 2})
    wrong: list[Any] = [None, [], "text", 0, True]
    for value in wrong:
        owner.expect_400({name: value})


@pytest.mark.parametrize("document", [{}, {"unknownMetadata": {"a": 1}}])
def test_a_merge_without_metadata_is_rejected(strict_owner: Owner, document: Any) -> None:
    strict_owner.merge(publicMetadata={"a": 1})
    strict_owner.expect_400(document)


def test_a_merge_into_a_user_may_be_empty(api: Api) -> None:
    user = api.user(publicMetadata={"a": 1})
    assert api.ok("PATCH", f"/users/{user['id']}/metadata", {})["publicMetadata"] == {"a": 1}


@pytest.mark.parametrize("letter", ["a", "é", "☃", "𝄞"])
@pytest.mark.parametrize("name", METADATA_FIELDS)
@pytest.mark.parametrize("kind", ["organization", "membership"])
def test_each_metadata_field_is_limited_to_8192_bytes(
    api: Api, kind: str, name: str, letter: str
) -> None:
    owner = OWNERS[kind](api)
    other = next(field for field in METADATA_FIELDS if field != name)
    owner.merge(**{other: _filled(LIMIT)})
    assert owner.merge(**{name: _filled(LIMIT, letter)})[name] == _filled(LIMIT, letter)
    owner.expect_400({name: _filled(LIMIT + 1, letter)})


@pytest.mark.parametrize("letter", ["a", "é", "☃", "𝄞"])
def test_the_metadata_of_a_user_shares_8192_bytes(api: Api, letter: str) -> None:
    owner = _user(api)
    full = {
        "publicMetadata": _filled(4000, letter),
        "privateMetadata": _filled(4000, letter),
        "unsafeMetadata": _filled(LIMIT - 8000, letter),
    }
    assert owner.merge(**full)["unsafeMetadata"] == full["unsafeMetadata"]
    for name, value in full.items():
        owner.expect_400({name: _filled(_size(value) + 1, letter)})


def test_an_update_counts_towards_the_metadata_limit_of_a_user(api: Api) -> None:
    user = api.user(publicMetadata=_filled(4000), privateMetadata=_filled(4000))
    path = f"/users/{user['id']}"
    api.ok("PATCH", path, {"unsafeMetadata": _filled(192)})
    refused = {"unsafeMetadata": _filled(193), "firstName": "Ada"}
    api.error(400, "PATCH", path, refused)
    after = api.read(user["id"])
    assert (after["unsafeMetadata"], after["firstName"]) == (_filled(192), None)


def test_a_user_is_not_created_with_too_much_metadata(api: Api) -> None:
    metadata = dict.fromkeys(USER_METADATA_FIELDS, _filled(3000))
    api.error(400, "POST", "/users", {"email": "ada@example.com", **metadata})
    assert api.found(email="ada@example.com") == set()


def test_the_metadata_of_an_invitation_shares_8192_bytes(api: Api) -> None:
    owner = _invitation(api)
    owner.merge(publicMetadata=_filled(4000), privateMetadata=_filled(LIMIT - 4000))
    owner.expect_400({"publicMetadata": _filled(LIMIT + 1)})
    body = {"email": "ada@example.com", "privateMetadata": {}}
    api.error(400, "POST", "/invitations", {**body, "publicMetadata": _filled(LIMIT + 1)})


def test_a_small_change_may_make_the_result_too_large(owner: Owner) -> None:
    owner.merge(publicMetadata=_filled(LIMIT - 20))
    owner.expect_400({"publicMetadata": {"more": "a" * 30}})


def test_a_large_change_may_have_a_small_result(owner: Owner) -> None:
    gone = {f"gone-{number}": None for number in range(2000)}
    merged = owner.merge(publicMetadata={**gone, "kept": {"x": 1, **gone}})
    assert merged["publicMetadata"] == {"kept": {"x": 1}}


def test_full_metadata_can_be_replaced(owner: Owner) -> None:
    owner.merge(privateMetadata=_filled(8000))
    merged = owner.merge(privateMetadata={"k": None, "other": "b" * 8000})
    assert merged["privateMetadata"] == {"other": "b" * 8000}


def test_a_rejected_merge_changes_no_metadata(owner: Owner) -> None:
    owner.merge(publicMetadata={"a": 1})
    owner.expect_400({"publicMetadata": {"a": 2}, "privateMetadata": _filled(LIMIT + 1)})


def test_a_membership_has_its_own_metadata(api: Api) -> None:
    organization, user = api.organization(), api.user()
    api.join(organization["id"], user["id"])
    path = f"/organizations/{organization['id']}"
    api.ok("PATCH", f"{path}/members/{user['id']}/metadata", {"publicMetadata": {"seat": 3}})
    assert api.ok("GET", path)["publicMetadata"] == {}
    assert api.read(user["id"])["publicMetadata"] == {}
    (row,) = api.ok("GET", f"/users/{user['id']}/organizations")["items"]
    assert (row["organizationId"], row["publicMetadata"]) == (organization["id"], {"seat": 3})
    assert UUID(row["organizationId"])


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (2, 2.0), (True, 1)])
@pytest.mark.parametrize("name", METADATA_FIELDS)
def test_an_equal_value_of_another_type_is_a_change(
    owner: Owner, name: str, before: Any, after: Any
) -> None:
    owner.merge(**{name: {"flat": before, "deep": {"a": [before]}}})
    for change in ({"flat": after}, {"deep": {"a": [after]}}):
        merged = owner.merge(**{name: change})[name]
        assert json.dumps(merged) == json.dumps({**merged, **change})
        assert json.dumps(owner.metadata()[name]) == json.dumps(merged)


def test_a_merge_that_changes_nothing_keeps_updated_at(api: Api) -> None:
    user = api.user(publicMetadata={"a": 1, "b": {"c": 2.0}}, unsafeMetadata={"d": True})
    same = {"publicMetadata": {"b": {"c": 2.0}, "a": 1}, "unsafeMetadata": {"d": True, "e": None}}
    assert api.ok("PATCH", f"/users/{user['id']}/metadata", same) == user
    moved = api.ok("PATCH", f"/users/{user['id']}", {"unsafeMetadata": {"d": 1}})
    assert json.dumps(moved["unsafeMetadata"]) == '{"d": 1}'
    assert moved["updatedAt"] != user["updatedAt"]
