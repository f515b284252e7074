"""Checks a database that is opened: damage is reported then, in one sentence, and not by later calls."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import msgspec

from torii_backend.client.models import InvitationDetail, Organization, OrganizationMember
from torii_backend.emulator.store.codes import CodeRecord
from torii_backend.emulator.store.impersonations import Impersonation
from torii_backend.emulator.store.passwords import is_hash
from torii_backend.emulator.store.schema import SCHEMA
from torii_backend.emulator.store.sessions import StoredSession
from torii_backend.emulator.store.tickets import Ticket
from torii_backend.emulator.store.users import StoredUser

# What is kept as JSON.
_DOCUMENTS: dict[tuple[str, str], Any] = {
    ("environments", "origins"): tuple[str, ...],
    ("user_records", "record"): StoredUser,
    ("sessions", "record"): StoredSession,
    ("organizations", "record"): Organization,
    ("members", "record"): OrganizationMember,
    ("invitations", "record"): InvitationDetail,
    ("impersonations", "record"): Impersonation,
    ("codes", "record"): CodeRecord,
    ("tickets", "record"): Ticket,
}


def is_sound(connection: sqlite3.Connection) -> bool:
    """Return whether a database has our tables, and everything in it can be read."""
    try:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok" or _tables(connection) != _own_tables():
            return False
        for (table, column), kind in _DOCUMENTS.items():
            decode = msgspec.json.Decoder(kind).decode
            for (document,) in connection.execute(f"SELECT {column} FROM {table}"):  # noqa: S608
                decode(document)
        hashes = connection.execute("SELECT hash FROM passwords")
        return all(is_hash(stored) for (stored,) in hashes)
    except (sqlite3.DatabaseError, UnicodeDecodeError, msgspec.DecodeError, TypeError):
        return False


def _tables(connection: sqlite3.Connection) -> set[tuple[Any, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _own_tables() -> set[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(SCHEMA)
        return _tables(empty)
