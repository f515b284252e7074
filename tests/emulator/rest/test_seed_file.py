"""`--seed FILE` fills an empty emulator with users, organizations and members."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .shell import refusal, running

ADA = "0198a000-0000-7000-8000-000000000001"
GRACE = "0198a000-0000-7000-8000-000000000002"
ACME = "0198a000-0000-7000-8000-0000000000aa"
SEED: dict[str, list[dict[str, Any]]] = {
    "users": [
        {
            "id": ADA,
            "email": "ada@example.com",
            "emailVerifiedAt": "2026-01-02T03:04:05Z",
            "createdAt": "2026-01-01T00:00:00Z",
            "firstName": "Ada",
            "locale": "da",
            "privateMetadata": {"crm": 7},
        },
        {"id": GRACE, "status": "banned"},
        {},
    ],
    "organizations": [{"id": ACME, "name": "Acme", "slug": "acme", "publicMetadata": {"a": 1}}],
    "members": [{"organizationId": ACME, "userId": ADA, "role": "admin"}],
}


def _written(tmp_path: Path, seed: Any) -> str:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), "utf-8")
    return str(file)


def test_a_seed_is_there_from_the_start(tmp_path: Path) -> None:
    with running("--seed", _written(tmp_path, SEED)) as torii:
        api = torii.api
        assert len(api.found()) == 3
        ada = api.read(ADA)
        told = SEED["users"][0]
        assert {name: ada[name] for name in told} == told
        assert ada["environmentId"] == api.environment_id
        assert api.found(statuses=["banned"]) == {GRACE}
        organization = api.ok("GET", f"/organizations/{ACME}")
        assert (organization["name"], organization["slug"]) == ("Acme", "acme")
        assert organization["publicMetadata"] == {"a": 1}
        (member,) = api.ok("GET", f"/organizations/{ACME}/members")["items"]
        assert (member["userId"], member["role"]) == (ADA, "admin")
        assert api.found(organizationId=ACME) == {ADA}
        session = api.sign_in(ADA, ACME)
        claims = api.wire.verified(session["accessToken"])
        assert (claims["email_verified"], claims["locale"]) == (True, "da")
        assert (claims["org_id"], claims["org_role"]) == (ACME, "admin")
        assert torii.elsewhere.found() == set()


def test_a_reset_brings_the_seed_back_and_nothing_else(tmp_path: Path) -> None:
    with running("--seed", _written(tmp_path, SEED)) as torii:
        seen = torii.api.found()
        torii.api.user(email="grace@example.com")
        torii.api.ok("PATCH", f"/users/{ADA}", {"firstName": "Augusta"})
        torii.elsewhere.user()
        torii.api.admin("/reset")
        assert torii.api.found() == seen
        assert torii.api.read(ADA)["firstName"] == "Ada"
        assert torii.elsewhere.found() == set()


def test_a_seed_fills_a_database_file_once(tmp_path: Path) -> None:
    arguments = ["--db", str(tmp_path / "torii.db"), "--seed", _written(tmp_path, SEED)]
    with running(*arguments) as torii:
        torii.api.ok("PATCH", f"/users/{ADA}", {"firstName": "Augusta"})
        seen = torii.api.found()
    with running(*arguments) as torii:
        assert torii.api.found() == seen
        assert torii.api.read(ADA)["firstName"] == "Augusta"


def test_a_seed_may_leave_out_what_it_does_not_need(tmp_path: Path) -> None:
    with running("--seed", _written(tmp_path, {})) as torii:
        assert torii.api.found() == set()


@pytest.mark.parametrize(
    ("seed", "word"),
    [
        ([], ""),
        ({"people": []}, "people"),
        ({"users": [{"shoeSize": 44}]}, "shoeSize"),
        ({"users": [{"id": "ada"}]}, "id"),
        ({"users": [{"id": ADA}, {"id": ADA}]}, "id"),
        ({"users": [{"email": "a@example.com"}, {"email": "A@example.com"}]}, "email"),
        ({"users": [{"publicMetadata": {"k": "a" * 9000}}]}, ""),
        ({"organizations": [{}]}, "name"),
        ({**SEED, "users": []}, "member"),
        ({**SEED, "organizations": []}, "member"),
    ],
    ids=str,
)
def test_a_seed_that_makes_no_sense_is_refused(tmp_path: Path, seed: Any, word: str) -> None:
    database = tmp_path / "torii.db"
    arguments = ["--seed", _written(tmp_path, seed), "--db", str(database)]
    assert word in refusal(*arguments)
    with running("--db", str(database)) as torii:
        assert torii.api.found(statuses=["active", "banned", "deleted"]) == set()


def test_a_seed_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    refusal("--seed", str(tmp_path / "missing.json"))
    (tmp_path / "seed.json").write_text("no JSON", "utf-8")
    refusal("--seed", str(tmp_path / "seed.json"))
