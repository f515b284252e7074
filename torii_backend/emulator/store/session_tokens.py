"""Which session a token stands for: a browser's session token, or an access token. Only digests are stored."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection
from typing import Optional

from torii_backend.emulator.store.timestamps import microseconds
from torii_backend.emulator.tokens import IssuedToken


def issue(connection: Connection, session_id: str) -> str:
    """Return a new session token for a session."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO session_tokens (digest, session_id) VALUES (?, ?)",
        (_digest(token), session_id),
    )
    return token


def session_of(connection: Connection, session_token: str) -> Optional[str]:
    """Return the id of the session of a session token, which may be over. None if it's unknown."""
    row = connection.execute(
        "SELECT session_id FROM session_tokens WHERE digest = ?", (_digest(session_token),)
    ).fetchone()
    return None if row is None else row[0]


def remember_access_token(
    connection: Connection, issued: IssuedToken, session_id: str, at: datetime
) -> None:
    """Remember the session that an access token is issued for, until it expires."""
    connection.execute("DELETE FROM access_tokens WHERE expires_at <= ?", (microseconds(at),))
    connection.execute(
        "INSERT OR REPLACE INTO access_tokens (digest, session_id, expires_at) VALUES (?, ?, ?)",
        (_digest(issued.access_token), session_id, microseconds(issued.expires_at)),
    )


def session_of_access_token(connection: Connection, access_token: str) -> Optional[str]:
    """Return the id of the session that an access token was issued for, if any."""
    row = connection.execute(
        "SELECT session_id FROM access_tokens WHERE digest = ?", (_digest(access_token),)
    ).fetchone()
    return None if row is None else row[0]


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
