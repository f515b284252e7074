"""`db` keeps the signing keys: tokens from before a restart still verify."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.ports import free_port
from torii_backend import InvalidToken, Verifier
from torii_backend.emulator import Emulator
from torii_backend.errors import ConfigurationError

from .conftest import Wire

JWKS = "/_torii/.well-known/jwks.json"
DAMAGED = {
    "no bytes": "UPDATE signing_keys SET private_key = 7",
    "cut": "UPDATE signing_keys SET private_key = substr(private_key, 1, 90)",
    "a private value of zero": "UPDATE signing_keys SET private_key = zeroblob(96)",
    "another id": "UPDATE signing_keys SET kid = 'k1'",
    "an id that is a number": "UPDATE signing_keys SET kid = 7",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "torii.db"


def test_a_token_from_before_a_restart_verifies_after_it(file: Path) -> None:
    port = free_port()
    with Emulator(db=file, port=port) as torii:
        token = torii.issue_token(user_id="user_ada").access_token
        jwks = Wire(torii.issuer).jwks()
    with Emulator(db=file, port=port) as torii:
        assert Verifier(torii.issuer).verify(token).user_id == "user_ada"
        assert Wire(torii.issuer).jwks() == jwks
        assert Wire(torii.issuer).verified(torii.issue_token().access_token)


def test_rotations_and_withdrawals_are_kept(file: Path) -> None:
    port = free_port()
    with Emulator(db=file, port=port) as torii:
        withdrawn = torii.issue_token().access_token
        torii.rotate_keys(withdraw=True)
        older = torii.issue_token().access_token
        Wire(torii.issuer).post("/_emulator/keys/rotate")
        kids = Wire(torii.issuer).kids()
        assert len(kids) == 2
    with Emulator(db=file, port=port) as torii:
        wire, verifier = Wire(torii.issuer), Verifier(torii.issuer)
        assert wire.kids() == kids
        newer = torii.issue_token().access_token
        assert verifier.verify(older) and verifier.verify(newer)
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(withdrawn)
        assert caught.value.reason == "unknown_key"


def test_a_reset_restores_the_keys_of_the_start_for_the_next_start_too(file: Path) -> None:
    with Emulator(db=file) as torii:
        torii.rotate_keys()
    with Emulator(db=file) as torii:
        kids = Wire(torii.issuer).kids()
        torii.rotate_keys(withdraw=True)
        torii.reset()
        assert Wire(torii.issuer).kids() == kids
    with Emulator(db=file) as torii:
        assert Wire(torii.issuer).kids() == kids


def test_keys_rotate_after_a_stop_but_are_not_stored_then(file: Path) -> None:
    with Emulator(db=file) as torii:
        kids = Wire(torii.issuer).kids()
    assert torii.rotate_keys() not in kids
    with Emulator(db=file) as torii:
        assert Wire(torii.issuer).kids() == kids


def test_a_key_that_cannot_be_stored_is_not_used(file: Path) -> None:
    with Emulator(db=file) as torii:
        wire, connection = Wire(torii.issuer), torii._started().database._connection
        kids = wire.kids()
        connection.execute("PRAGMA query_only = 1")
        response = wire.post("/_emulator/keys/rotate", {"withdraw": True})
        assert (response.status, "read-only" in response.message) == (507, True)
        with pytest.raises(OSError, match=r"^The emulator could not write to db\."):
            torii.rotate_keys()
        assert wire.kids() == kids
        # Whether an origin is allowed can't be read either, which is no reason to drop the connection.
        assert wire.send("GET", JWKS, headers={"Origin": "https://app.example"}).status == 200
        connection.execute("PRAGMA query_only = 0")
        assert wire.verified(torii.issue_token().access_token)
        assert torii.rotate_keys() in wire.kids()


def test_a_full_disk_keeps_the_keys_as_they_are_until_there_is_room(file: Path) -> None:
    with Emulator(db=file) as torii:
        wire, connection = Wire(torii.issuer), torii._started().database._connection
        connection.execute("PRAGMA max_page_count = 1")
        for _ in range(100):  # a page of 4 KiB has room for some
            kids, response = wire.kids(), wire.post("/_emulator/keys/rotate")
            if response.status != 200:
                break
        assert (response.status, "The disk is full." in response.message) == (507, True)
        assert wire.kids() == kids
        assert wire.verified(torii.issue_token().access_token)
        connection.execute("PRAGMA max_page_count = 1000000")
        kids = [*kids, wire.post("/_emulator/keys/rotate").json()["kid"]]
        assert wire.kids() == kids
    with Emulator(db=file) as torii:
        assert Wire(torii.issuer).kids() == kids


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_key_is_found_at_the_start(file: Path, change: str) -> None:
    with Emulator(db=file):
        pass
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(change)
    with pytest.raises(ConfigurationError, match=r"^db is damaged\. .*\.$"):
        Emulator(db=file).start()


@pytest.mark.parametrize("place", [0, 31, 32, 95])
def test_no_byte_of_a_stored_key_changes_unnoticed(file: Path, place: int) -> None:
    """Otherwise tokens would be signed with a key that verifiers know as another."""
    with Emulator(db=file):
        pass
    with closing(sqlite3.connect(file)) as connection, connection:
        (stored,) = connection.execute("SELECT private_key FROM signing_keys").fetchone()
        changed = bytearray(stored)
        changed[place] ^= 1
        connection.execute("UPDATE signing_keys SET private_key = ?", (bytes(changed),))
    with pytest.raises(ConfigurationError, match=r"^db is damaged\."):
        Emulator(db=file).start()
