"""The two environments of a database, and their allowed origins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sqlite3 import Connection

import msgspec

from torii_backend.emulator.environment import Environment


def find_all(connection: Connection) -> list[Environment]:
    """Return the environments in order."""
    rows = connection.execute("SELECT id, secret_key FROM environments ORDER BY position")
    return [Environment(*row) for row in rows]


def add(connection: Connection, environments: Iterable[Environment]) -> None:
    """Add environments to a database that has none."""
    connection.executemany(
        "INSERT INTO environments (id, position, secret_key, origins) VALUES (?, ?, ?, '[]')",
        [
            (environment.environment_id, position, environment.secret_key)
            for position, environment in enumerate(environments)
        ],
    )


def set_secret_key(connection: Connection, environment: Environment) -> None:
    """Replace the secret key of an environment."""
    connection.execute(
        "UPDATE environments SET secret_key = ? WHERE id = ?",
        (environment.secret_key, environment.environment_id),
    )


def origins(connection: Connection, environment_id: str) -> tuple[str, ...]:
    """Return the extra origins that an environment allows."""
    (stored,) = connection.execute(
        "SELECT origins FROM environments WHERE id = ?", (environment_id,)
    ).fetchone()
    return msgspec.json.decode(stored, type=tuple[str, ...])


def set_origins(connection: Connection, environment_id: str, origins: Sequence[str]) -> None:
    """Replace the extra origins that an environment allows."""
    connection.execute(
        "UPDATE environments SET origins = ? WHERE id = ?",
        (msgspec.json.encode(origins), environment_id),
    )
