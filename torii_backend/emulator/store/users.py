"""The users of both environments."""

from __future__ import annotations

from datetime import date, datetime
from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import User
from torii_backend.emulator.store.timestamps import microseconds, now


class StoredUser(User, frozen=True, kw_only=True):
    """A user with the profile fields of older API versions.

    Attributes:
        phone: the phone number.
        address: the postal address.
        date_of_birth: the day of birth.
    """

    phone: Optional[str] = None
    address: Optional[str] = None
    date_of_birth: Optional[date] = None


_decoder = msgspec.json.Decoder(StoredUser)


def decoded(record: bytes) -> StoredUser:
    """Read a user from the column that holds the record."""
    return _decoder.decode(record)


def join_name(first_name: Optional[str], last_name: Optional[str]) -> Optional[str]:
    """Make the full name of a user who was given none; None where both parts are missing."""
    return " ".join(part for part in (first_name, last_name) if part) or None


def add(connection: Connection, user: StoredUser) -> None:
    """Add a user, whose address nobody else may have."""
    connection.execute(
        "INSERT INTO users (environment_id, status, created_at, email, name, record, id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        _columns(user),
    )


def find(connection: Connection, user_id: str) -> Optional[StoredUser]:
    """Give the user with an id, of either environment."""
    row = connection.execute("SELECT record FROM users WHERE id = ?", (user_id,)).fetchone()
    return None if row is None else decoded(row[0])


def exists_any(connection: Connection) -> bool:
    """Tell whether there is any user at all."""
    return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is not None


def email_is_taken(connection: Connection, environment_id: str, email: str) -> bool:
    """Tell whether an account has an address; those of deleted users are free again."""
    row = connection.execute(
        "SELECT 1 FROM users INDEXED BY users_by_email"
        " WHERE environment_id = ? AND email = ? AND status != 'deleted'",
        (environment_id, email.lower()),
    ).fetchone()
    return row is not None


def change(connection: Connection, user: StoredUser, **fields: Any) -> StoredUser:
    """Change some fields of a user, and `updated_at` with them if any value is new.

    Returns:
        The user as it is now.
    """
    changed = msgspec.structs.replace(user, **fields)
    # By their JSON: in Python 1 equals true and 2 equals 2.0, which in a bag are other values.
    if msgspec.json.encode(changed) == msgspec.json.encode(user):
        return user
    changed = msgspec.structs.replace(changed, updated_at=now())
    connection.execute(
        "UPDATE users SET environment_id = ?, status = ?, created_at = ?, email = ?, name = ?,"
        " record = ? WHERE id = ?",
        _columns(changed),
    )
    return changed


def delete(connection: Connection, user: StoredUser, at: datetime) -> None:
    """Mark a user as deleted, and take them out of their organizations."""
    connection.execute("DELETE FROM members WHERE user_id = ?", (user.id,))
    change(connection, user, status="deleted", deleted_at=at)


def _columns(user: StoredUser) -> tuple[object, ...]:
    return (
        user.environment_id,
        user.status,
        microseconds(user.created_at),
        None if user.email is None else user.email.lower(),
        None if user.name is None else user.name.casefold(),
        msgspec.json.encode(user),
        user.id,
    )
