"""The organizations of both environments."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any, Optional

import msgspec

from torii_backend.client.models import Organization

_decode = msgspec.json.Decoder(Organization).decode


def add(connection: Connection, environment_id: str, organization: Organization) -> None:
    """Add an organization."""
    connection.execute(
        "INSERT INTO organizations (id, environment_id, name, record) VALUES (?, ?, ?, ?)",
        (
            organization.id,
            environment_id,
            organization.name.casefold(),
            msgspec.json.encode(organization),
        ),
    )


def find(
    connection: Connection, environment_id: str, organization_id: str
) -> Optional[Organization]:
    """Return an organization of an environment."""
    row = connection.execute(
        "SELECT record FROM organizations WHERE id = ? AND environment_id = ?",
        (organization_id, environment_id),
    ).fetchone()
    return None if row is None else _decode(row[0])


def exists_any(connection: Connection) -> bool:
    """Return whether the database holds any organization."""
    return connection.execute("SELECT 1 FROM organizations LIMIT 1").fetchone() is not None


def environment_of(connection: Connection, organization_id: str) -> Optional[str]:
    """Return the id of the environment that an organization belongs to."""
    row = connection.execute(
        "SELECT environment_id FROM organizations WHERE id = ?", (organization_id,)
    ).fetchone()
    return None if row is None else row[0]


def search(
    connection: Connection, environment_id: str, name: str, *, after: str, limit: int
) -> list[Organization]:
    """Return the organizations after an id whose name contains a text, in any letter case."""
    rows = connection.execute(
        "SELECT record FROM organizations"
        " WHERE environment_id = ? AND id > ? AND instr(name, ?) ORDER BY id LIMIT ?",
        (environment_id, after, name.casefold(), limit),
    )
    return [_decode(record) for (record,) in rows]


def change(connection: Connection, organization: Organization, **metadata: Any) -> Organization:
    """Change the metadata of an organization. Return the new record."""
    changed = msgspec.structs.replace(organization, **metadata)
    connection.execute(
        "UPDATE organizations SET record = ? WHERE id = ?",
        (msgspec.json.encode(changed), changed.id),
    )
    return changed
