"""`--db FILE` keeps everything across restarts."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from .api import Api
from .shell import Running, running

ENDS = [("terminate", 0), ("kill", -signal.SIGKILL)]


def _filled(api: Api) -> None:
    """Leave something of each kind, in more than one state."""
    user = api.user(email="ada@example.com", name="Ada", privateMetadata={"crm": {"id": 7}})
    organization = api.organization("Acme", slug="acme")
    api.join(organization["id"], user["id"], "admin")
    api.admin(f"/users/{user['id']}/verify-email")
    api.sign_in(user["id"], organization["id"])
    api.ok("POST", f"/users/{api.user(name='Banned')['id']}/ban")
    api.done("DELETE", f"/users/{api.user(name='Deleted')['id']}")
    api.request("DELETE", f"/invitations/{api.invite(publicMetadata={'a': 1})['id']}")
    api.invite("grace@example.com")
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})


def _seen(api: Api) -> dict[str, Any]:
    """Read all that a key can read."""
    users = api.search({"statuses": ["active", "banned", "deleted"]})["items"]
    organizations = api.ok("GET", "/organizations")["items"]
    invitations = api.ok("GET", "/invitations")["items"]
    reachable = [user["id"] for user in users if user["status"] != "deleted"]
    return {
        "users": users,
        "sessions": [api.ok("GET", f"/users/{user_id}/sessions") for user_id in reachable],
        "memberships": [
            api.ok("GET", f"/organizations/{row['id']}/members") for row in organizations
        ],
        "organizations": organizations,
        "invitations": [api.ok("GET", f"/invitations/{row['id']}") for row in invitations],
        "origins": api.ok("GET", "/allowed-origins"),
    }


def _keys(torii: Running) -> list[str]:
    return [
        torii.api.environment_id,
        torii.api.secret_key,
        torii.elsewhere.environment_id,
        torii.elsewhere.secret_key,
    ]


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_a_database_file_keeps_data_and_keys_across_restarts(
    tmp_path: Path, end: str, code: int
) -> None:
    file = str(tmp_path / "torii.db")
    with running("--db", file, end=code) as torii:
        _filled(torii.api)
        torii.elsewhere.user(email="ada@example.com")
        before = [_seen(torii.api), _seen(torii.elsewhere)]
        keys = _keys(torii)
        getattr(torii.process, end)()
    for _ in range(2):
        with running("--db", file) as torii:
            assert _keys(torii) == keys
            assert [_seen(torii.api), _seen(torii.elsewhere)] == before
            assert len(before[0]["users"]) == 3 and before[0]["sessions"] != [[], []]


def test_an_impersonation_token_outlives_a_restart_and_still_works_once(tmp_path: Path) -> None:
    file = str(tmp_path / "torii.db")
    with running("--db", file) as torii:
        user_id, actor_id = torii.api.user()["id"], torii.api.user()["id"]
        body = {"actorUserId": actor_id, "reason": "Ticket 7"}
        path = f"/users/{user_id}/impersonation-token"
        token = torii.api.ok("POST", path, body)["token"]
    statuses = []
    for _ in range(2):
        with running("--db", file) as torii:
            response = torii.api.wire.post("/_torii/auth/session/impersonate", {"token": token})
            statuses.append(response.status)
    assert statuses[0] == 200
    assert 400 <= statuses[1] < 500
