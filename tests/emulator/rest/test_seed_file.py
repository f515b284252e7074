"""`--seed FILE` fills an empty emulator with users, organizations and members."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .shell import running, startup_error

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


def test_a_seed_fills_the_first_environment(tmp_path: Path) -> None:
    with running("--seed", _written(tmp_path, SEED)) as torii:
        api = torii.api
        assert len(api.found()) == 3
        ada = api.read(ADA)
        fields = SEED["users"][0]
        assert {name: ada[name] for name in fields} == fields
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


def test_an_invalid_seed_is_rejected(tmp_path: Path) -> None:
    assert "people" in startup_error("--seed", _written(tmp_path, {"people": []}))
