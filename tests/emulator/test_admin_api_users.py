"""The admin API for users, organizations and members: what people do by hand, without a secret key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from torii_backend.emulator import Emulator

if TYPE_CHECKING:
    from .conftest import Wire

UNKNOWN = "01970000-0000-7000-8000-000000000001"


def add_user(wire: Wire, **fields: object) -> dict[str, Any]:
    created: dict[str, Any] = wire.post("/_emulator/users", fields).json()
    return created


def emails(wire: Wire, query: str) -> list[str]:
    return [user["email"] for user in wire.get(f"/_emulator/users?{query}").json()["items"]]


def test_a_user_is_created_as_by_the_rest_api(torii: Emulator, wire: Wire) -> None:
    created = wire.post("/_emulator/users", {"email": "ada@example.com", "firstName": "Ada"})
    assert created.status == 201
    user = created.json()
    assert (user["name"], user["environmentId"]) == ("Ada", torii.environment_id)
    assert wire.get(f"/_emulator/users/{user['id']}").json() == user


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "ada"}, 400),
        ({"email": "ada@example.com"}, 409),
        ({"password": "short"}, 400),
        ({"shoeSize": 39}, 400),
    ],
    ids=["no address", "a taken address", "a short password", "an unknown member"],
)
def test_an_unusable_user_is_refused_with_a_reason(
    wire: Wire, body: dict[str, object], status: int
) -> None:
    add_user(wire, email="ada@example.com")
    response = wire.post("/_emulator/users", body)
    assert response.status == status
    assert response.message
    assert len(emails(wire, "")) == 1


def test_users_are_listed_with_their_organizations_page_by_page(wire: Wire) -> None:
    users = [add_user(wire, email=f"user{number}@example.com") for number in range(3)]
    acme = wire.post("/_emulator/organizations", {"name": "Acme"}).json()["id"]
    member = {"organizationId": acme, "userId": users[2]["id"], "role": "admin"}
    wire.post("/_emulator/members", member)
    first = wire.get("/_emulator/users?limit=2").json()
    assert [user["id"] for user in first["items"]] == [user["id"] for user in users[:2]]
    assert first["hasMore"] is True
    (last,) = wire.get(f"/_emulator/users?cursor={first['nextCursor']}").json()["items"]
    (organization,) = last["organizations"]
    assert (organization["name"], organization["role"]) == ("Acme", "admin")


def test_a_search_looks_at_names_and_emails_in_any_letter_case(wire: Wire) -> None:
    add_user(wire, email="ada@example.com", name="Ada Lovelace")
    add_user(wire, email="LOVE@example.com")
    add_user(wire, email="grace@example.com", name="100%")
    assert emails(wire, "search=LOVE") == ["ada@example.com", "LOVE@example.com"]
    assert emails(wire, "search=%25") == ["grace@example.com"]
    assert emails(wire, "search=nobody") == []


def test_a_ban_ends_the_sessions_until_it_is_lifted(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")["id"]
    wire.post("/_emulator/sessions", {"userId": user_id})
    assert wire.post(f"/_emulator/users/{user_id}/ban").json()["status"] == "banned"
    assert wire.get(f"/_emulator/users/{user_id}/sessions").json() == []
    assert wire.post("/_emulator/sessions", {"userId": user_id}).status == 400
    assert wire.post(f"/_emulator/users/{user_id}/unban").json()["status"] == "active"


def test_sessions_are_listed_and_revoked(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")["id"]
    path = f"/_emulator/users/{user_id}/sessions"
    first, _, third = (
        wire.post("/_emulator/sessions", {"userId": user_id}).json()["id"] for _ in range(3)
    )
    assert len(wire.get(path).json()) == 3
    assert wire.send("DELETE", f"{path}/{first}").status == 204
    assert first not in [session["id"] for session in wire.get(path).json()]
    assert third in [session["id"] for session in wire.get(path).json()]
    assert wire.send("DELETE", path).status == 204
    assert wire.get(path).json() == []


def test_a_user_is_deleted_for_good(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")["id"]
    assert wire.send("DELETE", f"/_emulator/users/{user_id}").status == 204
    assert wire.get(f"/_emulator/users/{user_id}").json()["status"] == "deleted"
    assert wire.post(f"/_emulator/users/{user_id}/unban").status == 403


@pytest.mark.parametrize(
    "call",
    [
        f"GET /users/{UNKNOWN}",
        "GET /users/user_ada",
        f"DELETE /users/{UNKNOWN}",
        f"POST /users/{UNKNOWN}/ban",
        f"POST /users/{UNKNOWN}/unban",
        f"GET /users/{UNKNOWN}/sessions",
        f"DELETE /users/{UNKNOWN}/sessions",
        f"DELETE /users/{UNKNOWN}/sessions/{UNKNOWN}",
        f"GET /organizations/{UNKNOWN}/members",
    ],
)
def test_an_unknown_id_is_a_404(wire: Wire, call: str) -> None:
    method, _, path = call.partition(" ")
    assert wire.send(method, f"/_emulator{path}").status == 404


def test_users_of_the_second_environment_are_reached_by_id_but_not_listed(
    torii: Emulator, wire: Wire
) -> None:
    key = f"Bearer {torii.other_environment.secret_key}"
    headers = {"Authorization": key, "Content-Type": "application/json"}
    user = wire.send("POST", "/api/server/v1/users", '{"name": "Eve"}', headers).json()
    assert wire.post(f"/_emulator/users/{user['id']}/ban").json()["status"] == "banned"
    assert wire.get("/_emulator/users").json()["items"] == []


def test_organizations_and_their_members_are_listed_by_name(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com", name="Ada")["id"]
    acme = wire.post("/_emulator/organizations", {"name": "Acme"}).json()["id"]
    wire.post("/_emulator/organizations", {"name": "Beta"})
    wire.post("/_emulator/members", {"organizationId": acme, "userId": user_id, "role": "admin"})
    listed = wire.get("/_emulator/organizations").json()["items"]
    assert [organization["name"] for organization in listed] == ["Acme", "Beta"]
    (member,) = wire.get(f"/_emulator/organizations/{acme}/members").json()["items"]
    assert (member["name"], member["email"], member["role"]) == ("Ada", "ada@example.com", "admin")


def test_changes_send_events_as_those_of_the_rest_api_do(torii: Emulator, wire: Wire) -> None:
    nobody = "http://127.0.0.1:9/"
    torii.webhooks.register(nobody)
    user_id = add_user(wire, email="ada@example.com")["id"]
    wire.post(f"/_emulator/users/{user_id}/ban")
    wire.send("DELETE", f"/_emulator/users/{user_id}")
    types = [delivery.event["type"] for delivery in torii.webhooks.deliveries()]
    assert types == ["user.created", "user.banned", "user.deleted"]
