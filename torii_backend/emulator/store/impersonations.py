"""Unused impersonation tokens. Only their digests are stored."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection
from typing import Optional

import msgspec


class Impersonation(msgspec.Struct, frozen=True):
    """What an impersonation token was created for. Browsers continue at `landing_page`."""

    user_id: str
    actor_user_id: str
    reason: str
    expires_at: datetime
    landing_page: Optional[str]


def add(connection: Connection, token: str, impersonation: Impersonation) -> None:
    """Add a token."""
    connection.execute(
        "INSERT INTO impersonations (digest, record) VALUES (?, ?)",
        (_digest(token), msgspec.json.encode(impersonation)),
    )


def redeem(connection: Connection, token: str, at: datetime) -> Optional[Impersonation]:
    """Use up a token. Return None if it is unknown, already used or expired."""
    row = connection.execute(
        "SELECT record FROM impersonations WHERE digest = ?", (_digest(token),)
    ).fetchone()
    if row is None:
        return None
    connection.execute("DELETE FROM impersonations WHERE digest = ?", (_digest(token),))
    impersonation = msgspec.json.decode(row[0], type=Impersonation)
    return impersonation if impersonation.expires_at > at else None


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
