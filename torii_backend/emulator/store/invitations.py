"""The invitations of both environments. A pending one past its expiry reads as expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import InvitationDetail
from torii_backend.emulator.store.timestamps import microseconds

_decode = msgspec.json.Decoder(InvitationDetail).decode


def add(connection: Connection, invitation: InvitationDetail) -> None:
    """Add an invitation."""
    connection.execute(
        "INSERT INTO invitations (id, environment_id, email, status, expires_at, record)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            invitation.id,
            invitation.environment_id,
            invitation.email.lower(),
            invitation.status,
            microseconds(invitation.expires_at),
            msgspec.json.encode(invitation),
        ),
    )


def find(
    connection: Connection, environment_id: str, invitation_id: str, at: datetime
) -> Optional[InvitationDetail]:
    """Return an invitation of an environment, with its status at a given time."""
    row = connection.execute(
        "SELECT record FROM invitations WHERE id = ? AND environment_id = ?",
        (invitation_id, environment_id),
    ).fetchone()
    return None if row is None else _read(row[0], at)


def search(
    connection: Connection,
    environment_id: str,
    *,
    statuses: Optional[Sequence[str]],
    text: str,
    at: datetime,
    after: str,
    limit: int,
) -> list[InvitationDetail]:
    """Return the invitations after an id whose email contains a text, in any letter case."""
    status = "CASE WHEN status = 'PENDING' AND expires_at <= ? THEN 'EXPIRED' ELSE status END"
    wanted, values = "", []
    if statuses is not None:
        wanted = f" AND {status} IN ({', '.join('?' * len(statuses))})"
        values = [microseconds(at), *statuses]
    rows = connection.execute(
        "SELECT record FROM invitations"  # noqa: S608 (no text is a user's)
        f" WHERE environment_id = ? AND id > ? AND instr(email, ?){wanted} ORDER BY id LIMIT ?",
        [environment_id, after, text.lower(), *values, limit],
    )
    return [_read(record, at) for (record,) in rows]


def pending_for(
    connection: Connection, environment_id: str, email: str, at: datetime
) -> list[InvitationDetail]:
    """Return the pending invitations for an email, oldest first."""
    rows = connection.execute(
        "SELECT record FROM invitations WHERE environment_id = ? AND email = ?"
        " AND status = 'PENDING' AND expires_at > ? ORDER BY id",
        (environment_id, email.lower(), microseconds(at)),
    )
    return [_decode(record) for (record,) in rows]


def change(connection: Connection, invitation: InvitationDetail, **fields: Any) -> InvitationDetail:
    """Change fields of an invitation. Return the new record."""
    changed = msgspec.structs.replace(invitation, **fields)
    connection.execute(
        "UPDATE invitations SET status = ?, record = ? WHERE id = ?",
        (changed.status, msgspec.json.encode(changed), changed.id),
    )
    return changed


def _read(record: bytes, at: datetime) -> InvitationDetail:
    invitation = _decode(record)
    if invitation.status == "PENDING" and invitation.expires_at <= at:
        return msgspec.structs.replace(invitation, status="EXPIRED")
    return invitation
