"""The seed: what an empty database is filled with, and errors of an invalid one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from torii_backend.emulator import Emulator
from torii_backend.errors import ConfigurationError

from .rest.api import Api, api_of

ADA = "0198a000-0000-7000-8000-000000000001"
ACME = "0198a000-0000-7000-8000-0000000000aa"
SEED: dict[str, Any] = {
    "users": [
        {
            "id": ADA,
            "email": "ada@example.com",
            "emailVerifiedAt": "2026-01-31T09:30:00Z",
            "createdAt": "2026-01-30T00:00:00Z",
            "firstName": "Ada",
            "lastName": "Byron",
            "locale": "da",
            "dateOfBirth": "1990-02-28",
            "publicMetadata": {"plan": "pro", "old": None},
        },
        {"name": "Grace", "status": "banned"},
        {"email": "ada@example.com", "status": "deleted"},
    ],
    "organizations": [{"id": ACME, "name": "Acme", "slug": "acme", "privateMetadata": {"crm": 7}}],
    "members": [{"organizationId": ACME, "userId": ADA, "role": "admin"}],
}


def _file(folder: Path, seed: Any) -> Path:
    file = folder / "seed.json"
    file.write_text(json.dumps(seed), "utf-8")
    return file


def test_a_seed_fills_the_first_environment(tmp_path: Path) -> None:
    with Emulator(seed=_file(tmp_path, SEED)) as torii:
        api = api_of(torii)
        ada = api.read(ADA)
        assert ada["emailVerifiedAt"] == "2026-01-31T09:30:00Z"
        assert ada["createdAt"] == ada["updatedAt"] == "2026-01-30T00:00:00Z"
        assert (ada["name"], ada["locale"]) == ("Ada Byron", "da")
        assert (ada["dateOfBirth"], ada["publicMetadata"]) == ("1990-02-28", {"plan": "pro"})
        assert len(api.found(statuses=["banned"], name="grace")) == 1
        (deleted,) = api.search({"statuses": ["deleted"]})["items"]
        assert deleted["deletedAt"] == deleted["createdAt"]
        organization = api.ok("GET", f"/organizations/{ACME}")
        assert (organization["slug"], organization["privateMetadata"]) == ("acme", {"crm": 7})
        (member,) = api.ok("GET", f"/organizations/{ACME}/members")["items"]
        assert (member["userId"], member["role"]) == (ADA, "admin")
        other = torii.other_environment
        elsewhere = Api(torii.api_url, other.environment_id, other.secret_key)
        assert elsewhere.found() == set()


def test_metadata_limits_of_organizations_and_members_are_per_field(
    tmp_path: Path,
) -> None:
    full = {"x": "y" * 8184}
    metadata = {"publicMetadata": full, "privateMetadata": full}
    seed = {
        "users": [{"id": ADA}],
        "organizations": [{"id": ACME, "name": "Acme", **metadata}],
        "members": [{"organizationId": ACME, "userId": ADA, "role": "admin", **metadata}],
    }
    with Emulator(seed=_file(tmp_path, seed)) as torii:
        (member,) = api_of(torii).ok("GET", f"/organizations/{ACME}/members")["items"]
        assert member["privateMetadata"] == full


def test_a_reset_goes_back_to_the_seed(tmp_path: Path) -> None:
    with Emulator(seed=str(_file(tmp_path, SEED))) as torii:
        api = api_of(torii)
        other = torii.other_environment
        elsewhere = Api(torii.api_url, other.environment_id, other.secret_key)
        before = api.search()
        api.done("DELETE", f"/users/{ADA}")
        api.user()
        elsewhere.user()
        torii.reset()
        assert api.search() == before
        assert elsewhere.found() == set()


def test_every_part_of_a_seed_is_optional(tmp_path: Path) -> None:
    with Emulator(seed=_file(tmp_path, {})) as torii:
        assert api_of(torii).found() == set()


def test_a_database_with_data_is_not_seeded_again(tmp_path: Path) -> None:
    seed, db = _file(tmp_path, SEED), tmp_path / "torii.db"
    with Emulator(db=db, seed=seed) as torii:
        api_of(torii).done("DELETE", f"/users/{ADA}")
    with Emulator(db=db, seed=seed) as torii:
        assert api_of(torii).read(ADA)["status"] == "deleted"
        assert len(api_of(torii).found()) == 3


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ([], "is invalid"),
        ({"people": []}, "people"),
        ({"users": [{"shoeSize": 44}]}, "shoeSize"),
        ({"users": [{"locale": "fr"}]}, r"users\[0\].locale"),
        ({"users": [{"id": "ada"}]}, r"a UUID in lower case .*users\[0\].id"),
        ({"users": [{}, {"id": ADA[:-2] + "AA"}]}, r"a UUID in lower case .*users\[1\].id"),
        ({"users": [{"createdAt": "2026-01-30T00:00:00"}]}, r"users\[0\].createdAt"),
        ({"organizations": [{}]}, "name"),
        ({"users": [{"id": ADA}, {"id": ADA}]}, "same id for two"),
        ({"users": [{"email": "a@b.dk"}, {"email": "A@b.dk"}]}, "same email for two"),
        ({"users": [{"publicMetadata": {"x": "y" * 8192}}]}, "8192 bytes"),
        ({"organizations": [{"name": "A", "publicMetadata": {"x": "y" * 8192}}]}, "8192 bytes"),
        (
            {**SEED, "members": [{**SEED["members"][0], "privateMetadata": {"x": "y" * 8192}}]},
            "8192 bytes",
        ),
        ({"users": [{"email": "nope"}]}, r"users\[0\]"),
        ({"users": [{}, {"email": ""}]}, r"users\[1\]"),
        ({"users": [{"email": "nope", "status": "deleted"}]}, r"users\[0\]"),
        ({"users": [{"emailVerifiedAt": "2026-01-31T09:30:00Z"}]}, r"users\[0\].*emailVerifiedAt"),
        ({"organizations": [{"name": ""}]}, "name"),
        ({**SEED, "members": [{**SEED["members"][0], "role": ""}]}, "role"),
        (
            {**SEED, "members": [*SEED["members"], {**SEED["members"][0], "role": "member"}]},
            r"members\[1\]",
        ),
        ({"members": SEED["members"]}, r"members\[0\]"),
        ({**SEED, "users": [{"id": ADA, "status": "deleted"}]}, r"members\[0\]"),
        (
            {**SEED, "members": [*SEED["members"], {**SEED["members"][0], "userId": ACME}]},
            r"members\[1\]",
        ),
    ],
)
def test_an_invalid_seed_is_a_configuration_error(tmp_path: Path, seed: Any, words: str) -> None:
    db = tmp_path / "torii.db"
    torii = Emulator(db=db, seed=_file(tmp_path, seed))
    with pytest.raises(ConfigurationError, match=rf"^seed .*{words}.*\.$"):
        torii.start()
    with Emulator(db=db) as empty:
        assert api_of(empty).found() == set()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"users": [{"publicMetadata": {"a":' * 999]
)
def test_a_file_that_is_not_json_is_rejected(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "seed.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^seed must be a JSON file"):
        Emulator(seed=file).start()


def test_an_unreadable_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^seed could not be read: .*\.$"):
        Emulator(seed=tmp_path / "nothing.json").start()
    with pytest.raises(ConfigurationError, match=r"^seed must be"):
        Emulator(seed="")
