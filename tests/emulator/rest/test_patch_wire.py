"""Every case of patch-wire.json: tri-state bodies, sent as they are, and the state they leave."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from .api import Api
from .operations import OPENAPI, OPERATIONS

CASES = json.loads(OPENAPI.with_name("patch-wire.json").read_text("utf-8"))
# The record of a user no longer lists them, so a response may leave them out.
UNLISTED = {"phone", "address", "dateOfBirth"}
SENT = [case for case in CASES if case["body"] is not None]
IMPOSSIBLE = [case for case in CASES if case["body"] is None]


class Target(NamedTuple):
    """What a case changes: where the change goes, and what is read back."""

    method: str
    path: str
    read: tuple[str, str]


def _a_user(api: Api, seed: dict[str, Any]) -> str:
    """Create a user in the seeded state: metadata on creation, profile fields by an update."""
    metadata = {name: value for name, value in seed.items() if name.endswith("Metadata")}
    profile = {name: value for name, value in seed.items() if name not in metadata}
    user_id: str = api.user(**metadata)["id"]
    api.ok("PATCH", f"/users/{user_id}", profile)
    return user_id


def _prepared(api: Api, operation: str, seed: dict[str, Any]) -> Target:
    """Bring the seed about; gives what the operation works on."""
    if operation in {"updateUser", "updateUserMetadata"}:
        user = f"/users/{_a_user(api, seed)}"
        suffix = "/metadata" if operation == "updateUserMetadata" else ""
        return Target("PATCH", user + suffix, ("GET", user))
    if operation == "updateOrganizationMetadata":
        organization = f"/organizations/{api.organization()['id']}"
        api.ok("PATCH", organization + "/metadata", seed)
        return Target("PATCH", organization + "/metadata", ("GET", organization))
    if operation == "updateMemberMetadata":
        organization_id, user_id = api.organization()["id"], api.user()["id"]
        api.join(organization_id, user_id)
        members = f"/organizations/{organization_id}/members"
        path = f"{members}/{user_id}/metadata"
        api.ok("PATCH", path, seed)
        return Target("PATCH", path, ("GET", members))
    if operation == "updateInvitationMetadata":
        invitation = f"/invitations/{api.invite(**seed)['id']}"
        return Target("PATCH", invitation, ("GET", invitation))
    raise AssertionError(f"no test knows how to seed {operation}")


def _state(api: Api, target: Target) -> dict[str, Any]:
    document: dict[str, Any] = api.ok(*target.read)
    if "items" in document:
        (document,) = document["items"]
    return document


def _agrees(found: dict[str, Any], expected: dict[str, Any]) -> None:
    listed = {name: value for name, value in expected.items() if name in found}
    assert expected.keys() - listed.keys() <= UNLISTED
    assert {name: found[name] for name in listed} == listed


def test_no_operation_that_changes_something_is_without_cases() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(names) == sorted(set(names))
    patched = {operation.name for operation in OPERATIONS if operation.method == "PATCH"}
    assert {case["operation"] for case in SENT} == patched | {"createUser", "searchUsers"}
    assert {case["operation"] for case in IMPOSSIBLE} < patched


@pytest.mark.parametrize("case", SENT, ids=lambda case: case["name"])
def test_a_body_results_in_the_state_of_its_case(api: Api, case: dict[str, Any]) -> None:
    if case["operation"] == "searchUsers":
        page = api.search(case["body"])
        assert case["after"] is None or page == case["after"]
    elif case["operation"] == "createUser":
        created = api.ok("POST", "/users", case["body"])
        _agrees(created, case["after"])
        assert api.read(created["id"]) == created
    else:
        target = _prepared(api, case["operation"], case["seed"] or {})
        changed = api.ok(target.method, target.path, case["body"])
        found = _state(api, target)
        _agrees(found, case["after"] or case["body"])
        assert changed == found


@pytest.mark.parametrize("case", IMPOSSIBLE, ids=lambda case: case["name"])
def test_null_metadata_is_rejected_and_nothing_changes(api: Api, case: dict[str, Any]) -> None:
    target = _prepared(api, case["operation"], case["seed"])
    before = _state(api, target)
    _agrees(before, case["seed"])
    api.error(400, target.method, target.path, dict.fromkeys(case["call"]["clear"]))
    assert _state(api, target) == before
    _agrees(before, case["after"])
