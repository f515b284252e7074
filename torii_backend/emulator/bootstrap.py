"""Data: the database of an emulator, from its file or its seed to the reset that undoes a test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Optional

from torii_backend.emulator.environment import Environment
from torii_backend.emulator.seed import fill, read_seed
from torii_backend.emulator.store import environments, organizations, users
from torii_backend.emulator.store.database import IN_MEMORY, Database


def load_environments(db: str) -> list[Environment]:
    """Give the two environments of a database; a new one gets fresh ones, kept if it is a file.

    Args:
        db: the path of the file, or `:memory:`.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is no database of an emulator.
    """
    with closing(Database(db)) as database, database.transaction() as connection:
        found = environments.find_all(connection)
        if not found:
            found = [Environment.generate(), Environment.generate()]
            environments.add(connection, found)
    return found


def open_database(db: str, wanted: Sequence[Environment], seed: Optional[str]) -> Database:
    """Open the database that an emulator serves from.

    Args:
        db: the path of the file, or `:memory:`.
        wanted: its environments, as `load_environments` gave them.
        seed: the path of a seed file for the first environment; a database that holds users or
            organizations already is left as it is.

    Raises:
        ConfigurationError: the file or the seed cannot be used.
    """
    contents = None if seed is None else read_seed(seed)
    database = Database(db)
    try:
        with database.transaction() as connection:
            if not environments.find_all(connection):
                environments.add(connection, wanted)
            unused = not users.exists_any(connection) and not organizations.exists_any(connection)
            if contents is not None and unused:
                fill(connection, wanted[0].environment_id, contents)
        if db == IN_MEMORY:
            database.save_snapshot()
    except BaseException:
        database.close()
        raise
    return database
