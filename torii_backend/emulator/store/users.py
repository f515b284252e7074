"""The users of both environments."""

from __future__ import annotations

from datetime import date, datetime
from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import User
from torii_backend.emulator.store.timestamps import microseconds, now


class StoredUser(User, frozen=True, kw_only=True):
    """A user, with the profile fields of older API versions."""

    phone: Optional[str] = None
    address: Optional[str] = None
    date_of_birth: Optional[date] = None


decoder: msgspec.json.Decoder[StoredUser] = msgspec.json.Decoder(StoredUser)


def join_name(first_name: Optional[str], last_name: Optional[str]) -> Optional[str]:
    """Return the default full name, or None if both parts are missing."""
    return " ".join(part for part in (first_name, last_name) if part) or None


def add(connection: Connection, user: StoredUser) -> None:
    """Add a user. The caller has checked that the email is free."""
    connection.execute(
        "INSERT INTO users (environment_id, status, created_at, email, name, id)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        _columns(user),
    )
    connection.execute(
        "INSERT INTO user_records (record, id) VALUES (?, ?)", (msgspec.json.encode(user), user.id)
    )


def find(connection: Connection, user_id: str) -> Optional[StoredUser]:
    """Return the user with this id, from either environment."""
    row = connection.execute("SELECT record FROM user_records WHERE id = ?", (user_id,)).fetchone()
    return None if row is None else decoder.decode(row[0])


def find_by_email(connection: Connection, environment_id: str, email: str) -> Optional[StoredUser]:
    """Return the user of an environment with this email, unless it is deleted."""
    row = connection.execute(
        "SELECT record FROM users JOIN user_records USING (id)"
        " WHERE environment_id = ? AND email = ? AND status != 'deleted'",
        (environment_id, email.lower()),
    ).fetchone()
    return None if row is None else decoder.decode(row[0])


def exists_any(connection: Connection) -> bool:
    """Return whether the database holds any user."""
    return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is not None


def email_is_taken(connection: Connection, environment_id: str, email: str) -> bool:
    """Return whether a user has this email. The email of a deleted user is free again."""
    row = connection.execute(
        "SELECT 1 FROM users WHERE environment_id = ? AND email = ? AND status != 'deleted'",
        (environment_id, email.lower()),
    ).fetchone()
    return row is not None


def change(connection: Connection, user: StoredUser, **fields: Any) -> StoredUser:
    """Change fields of a user, and `updated_at` if any value is new. Return the new record."""
    changed = msgspec.structs.replace(user, **fields)
    # Compare the JSON: in Python 1 equals True and 2 equals 2.0, but in metadata they differ.
    if msgspec.json.encode(changed) == msgspec.json.encode(user):
        return user
    changed = msgspec.structs.replace(changed, updated_at=now())
    connection.execute(
        "UPDATE users SET environment_id = ?, status = ?, created_at = ?, email = ?, name = ?"
        " WHERE id = ?",
        _columns(changed),
    )
    connection.execute(
        "UPDATE user_records SET record = ? WHERE id = ?",
        (msgspec.json.encode(changed), changed.id),
    )
    return changed


def delete(connection: Connection, user: StoredUser, at: datetime) -> StoredUser:
    """Mark a user as deleted, without organizations and password. Return the new record."""
    connection.execute("DELETE FROM members WHERE user_id = ?", (user.id,))
    connection.execute("DELETE FROM passwords WHERE user_id = ?", (user.id,))
    return change(connection, user, status="deleted", deleted_at=at)


def _columns(user: StoredUser) -> tuple[object, ...]:
    return (
        user.environment_id,
        user.status,
        microseconds(user.created_at),
        None if user.email is None else user.email.lower(),
        None if user.name is None else user.name.casefold(),
        user.id,
    )
