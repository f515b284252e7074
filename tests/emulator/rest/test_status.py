"""Status: a ban and its end, and deletion, which is soft and final for the key."""

from __future__ import annotations

from torii_backend import Verifier

from .api import Api, instant


def test_a_ban_shows_in_the_record(api: Api) -> None:
    user = api.user(email="ada@example.com", firstName="Ada")
    banned = api.ok("POST", f"/users/{user['id']}/ban")
    assert banned["status"] == "banned"
    assert {**banned, "status": "active", "updatedAt": user["updatedAt"]} == user
    assert api.read(user["id"]) == banned


def test_banning_twice_succeeds(api: Api) -> None:
    path = f"/users/{api.user()['id']}"
    api.ok("POST", f"{path}/ban")
    assert api.ok("POST", f"{path}/ban")["status"] == "banned"


def test_a_ban_ends_the_sessions(api: Api) -> None:
    user_id = api.user()["id"]
    api.sign_in(user_id)
    api.sign_in(user_id)
    other = api.sign_in(api.user()["id"])
    api.ok("POST", f"/users/{user_id}/ban")
    assert api.sessions(user_id) == []
    assert len(api.sessions(other["userId"])) == 1


def test_a_banned_user_gets_no_session_and_no_token(api: Api) -> None:
    user_id = api.user()["id"]
    api.ok("POST", f"/users/{user_id}/ban")
    response = api.wire.post("/_emulator/sessions", {"userId": user_id})
    assert 400 <= response.status < 500
    assert b"accessToken" not in response.body
    assert 400 <= api.wire.post("/_emulator/tokens", {"userId": user_id}).status < 500
    assert api.sessions(user_id) == []


def test_lifting_a_ban_lets_the_user_sign_in_again(api: Api, verifier: Verifier) -> None:
    user = api.user()
    api.sign_in(user["id"])
    api.ok("POST", f"/users/{user['id']}/ban")
    lifted = api.ok("POST", f"/users/{user['id']}/unban")
    assert lifted["status"] == "active"
    assert {**lifted, "updatedAt": user["updatedAt"]} == user
    assert api.sessions(user["id"]) == []
    session = api.sign_in(user["id"])
    assert verifier.verify(session["accessToken"]).user_id == user["id"]


def test_unbanning_a_user_who_is_not_banned_succeeds(api: Api) -> None:
    user = api.user()
    assert api.ok("POST", f"/users/{user['id']}/unban")["status"] == "active"


def test_deletion_is_soft(api: Api) -> None:
    user = api.user(email="ada@example.com")
    api.done("DELETE", f"/users/{user['id']}")
    (deleted,) = api.search({"statuses": ["deleted"]})["items"]
    assert (deleted["id"], deleted["status"]) == (user["id"], "deleted")
    assert instant(deleted["deletedAt"]) >= instant(user["createdAt"])


def test_deleting_twice_gets_403(api: Api) -> None:
    path = f"/users/{api.user()['id']}"
    api.done("DELETE", path)
    api.error(403, "DELETE", path)
    api.error(403, "DELETE", path)


def test_deletion_ends_the_sessions_and_refuses_new_ones(api: Api) -> None:
    user_id = api.user()["id"]
    api.sign_in(user_id)
    api.done("DELETE", f"/users/{user_id}")
    response = api.wire.post("/_emulator/sessions", {"userId": user_id})
    assert 400 <= response.status < 500
