"""Tickets: secrets in links, each for one purpose and used up once. Only their digests are stored."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.emulator.store.timestamps import microseconds


class Ticket(msgspec.Struct, frozen=True):
    """What a ticket is for."""

    purpose: str
    data: dict[str, Any]


def issue(
    connection: Connection,
    purpose: str,
    data: dict[str, Any],
    *,
    at: datetime,
    expires_at: datetime,
) -> str:
    """Return a new ticket."""
    secret = secrets.token_urlsafe(32)
    connection.execute("DELETE FROM tickets WHERE expires_at <= ?", (microseconds(at),))
    connection.execute(
        "INSERT INTO tickets (digest, expires_at, record) VALUES (?, ?, ?)",
        (
            _digest(secret),
            microseconds(expires_at),
            msgspec.json.encode(Ticket(purpose, data)),
        ),
    )
    return secret


def find(
    connection: Connection, purpose: str, secret: str, at: datetime
) -> Optional[dict[str, Any]]:
    """Return the data of a ticket. None if it is unknown, used up, expired or for something else."""
    row = connection.execute(
        "SELECT record FROM tickets WHERE digest = ? AND expires_at > ?",
        (_digest(secret), microseconds(at)),
    ).fetchone()
    if row is None:
        return None
    ticket = msgspec.json.decode(row[0], type=Ticket)
    return ticket.data if ticket.purpose == purpose else None


def use_up(connection: Connection, secret: str) -> None:
    """Remove a ticket."""
    connection.execute("DELETE FROM tickets WHERE digest = ?", (_digest(secret),))


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
