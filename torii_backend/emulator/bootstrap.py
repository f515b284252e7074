"""Open the database of an emulator, and fill it from its seed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Optional

from torii_backend.emulator.environment import Environment
from torii_backend.emulator.seed import fill, read_seed
from torii_backend.emulator.store import environments, organizations, users
from torii_backend.emulator.store.database import IN_MEMORY, Database


def load_environments(db: str) -> list[Environment]:
    """Return the two environments of a database. A new one gets new environments."""
    if db == IN_MEMORY:
        return _new_environments()
    with closing(Database(db)) as database, database.transaction() as connection:
        found = environments.find_all(connection)
        if not found:
            found = _new_environments()
            environments.add(connection, found)
    return found


def _new_environments() -> list[Environment]:
    return [Environment.generate(), Environment.generate()]


def open_database(db: str, expected: Sequence[Environment], seed: Optional[str]) -> Database:
    """Open a database with the environments from `load_environments`.

    A seed fills the first environment, unless the database has users or organizations already.
    """
    seed_data = None if seed is None else read_seed(seed)
    database = Database(db)
    try:
        with database.transaction() as connection:
            if not environments.find_all(connection):
                environments.add(connection, expected)
            is_empty = not users.exists_any(connection) and not organizations.exists_any(connection)
            if seed_data is not None and is_empty:
                fill(connection, expected[0].environment_id, seed_data)
        if db == IN_MEMORY:
            database.save_snapshot()
    except BaseException:
        database.close()
        raise
    return database
