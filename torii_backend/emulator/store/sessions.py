"""The sessions of users. Revoked ones are kept, so that revoking again succeeds."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import Session
from torii_backend.emulator.store.timestamps import microseconds
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN


class StoredSession(Session, frozen=True, kw_only=True):
    """A session, with the extra claims and the lifetime of its tokens, which the REST API doesn't show."""

    claims: dict[str, Any] = msgspec.field(default_factory=dict)
    expires_in: int = DEFAULT_EXPIRES_IN


_decode = msgspec.json.Decoder(Session).decode
_decode_stored = msgspec.json.Decoder(StoredSession).decode


def add(connection: Connection, session: Session) -> None:
    """Add a session."""
    connection.execute(
        "INSERT INTO sessions (id, user_id, last_used_at, expires_at, record)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            session.id,
            session.user_id,
            microseconds(session.last_used_at),
            microseconds(session.expires_at),
            msgspec.json.encode(session),
        ),
    )


def live(connection: Connection, user_id: str, at: datetime) -> list[Session]:
    """Return the sessions of a user that are neither expired nor revoked, latest use first."""
    rows = connection.execute(
        "SELECT record FROM sessions WHERE user_id = ? AND NOT revoked AND expires_at > ?"
        " ORDER BY last_used_at DESC, id DESC",
        (user_id, microseconds(at)),
    )
    return [_decode(record) for (record,) in rows]


def find_live(connection: Connection, session_id: str, at: datetime) -> Optional[StoredSession]:
    """Return a session that is neither expired nor revoked."""
    row = connection.execute(
        "SELECT record FROM sessions WHERE id = ? AND NOT revoked AND expires_at > ?",
        (session_id, microseconds(at)),
    ).fetchone()
    return None if row is None else _decode_stored(row[0])


def change(connection: Connection, session: StoredSession, **fields: Any) -> StoredSession:
    """Change fields of a session. Return the new record."""
    changed = msgspec.structs.replace(session, **fields)
    connection.execute(
        "UPDATE sessions SET last_used_at = ?, expires_at = ?, record = ? WHERE id = ?",
        (
            microseconds(changed.last_used_at),
            microseconds(changed.expires_at),
            msgspec.json.encode(changed),
            changed.id,
        ),
    )
    return changed


def revoke(connection: Connection, user_id: str, session_id: str) -> bool:
    """Revoke a session of a user. Return whether the user ever had it."""
    found = connection.execute(
        "UPDATE sessions SET revoked = 1 WHERE id = ? AND user_id = ?", (session_id, user_id)
    )
    return found.rowcount > 0
