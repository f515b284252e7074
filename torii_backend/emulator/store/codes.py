"""Codes of six digits that are mailed: one for each name, with an expiry, and locked after wrong tries."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

import msgspec

from torii_backend.emulator.store.timestamps import microseconds

LIFETIME = timedelta(minutes=10)
MAX_WRONG_TRIES = 10

CodeState = Literal["right", "wrong", "locked"]


class CodeRecord(msgspec.Struct, frozen=True):
    """A code, and what it was created for."""

    code: str
    data: dict[str, Any]


class Checked(NamedTuple):
    """What became of a try. There is no data unless the code is right."""

    state: CodeState
    data: dict[str, Any]


def issue(connection: Connection, name: str, data: dict[str, Any], at: datetime) -> str:
    """Return a new code under a name, in place of an earlier one."""
    code = f"{secrets.randbelow(10**6):06}"
    connection.execute("DELETE FROM codes WHERE expires_at <= ?", (microseconds(at),))
    connection.execute(
        "INSERT OR REPLACE INTO codes (name, expires_at, record) VALUES (?, ?, ?)",
        (name, microseconds(at + LIFETIME), msgspec.json.encode(CodeRecord(code, data))),
    )
    return code


def check(connection: Connection, name: str, code: str, at: datetime) -> Checked:
    """Try a code, and use it up if it is right. Commit the transaction, or the try doesn't count."""
    row = connection.execute(
        "SELECT wrong_tries, record FROM codes WHERE name = ? AND expires_at > ?",
        (name, microseconds(at)),
    ).fetchone()
    if row is None:
        return Checked("wrong", {})
    wrong_tries, record = row[0], msgspec.json.decode(row[1], type=CodeRecord)
    if wrong_tries >= MAX_WRONG_TRIES:
        return Checked("locked", {})
    if not hmac.compare_digest(record.code.encode(), code.encode()):
        connection.execute("UPDATE codes SET wrong_tries = wrong_tries + 1 WHERE name = ?", (name,))
        return Checked("wrong", {})
    connection.execute("DELETE FROM codes WHERE name = ?", (name,))
    return Checked("right", record.data)
