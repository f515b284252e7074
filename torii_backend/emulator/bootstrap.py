"""Open the database of an emulator, and fill it from its seed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from typing import Optional, Union

from torii_backend.emulator.environment import Environment
from torii_backend.emulator.seed import Seed, fill
from torii_backend.emulator.store import environments, organizations, users
from torii_backend.emulator.store.database import IN_MEMORY, Database, NotStored, damaged
from torii_backend.errors import ConfigurationError


def load_environments(db: str) -> list[Environment]:
    """Return the two environments of a database. A new one gets new environments."""
    if db == IN_MEMORY:
        return _new_environments()
    with _configuration_errors(), closing(Database(db)) as database:
        found = _find_or_add_environments(database)
    if len(found) != 2 or not all(each.is_sound() for each in found):
        raise damaged()
    return found


def _find_or_add_environments(database: Database) -> list[Environment]:
    with database.transaction() as connection:
        found = environments.find_all(connection)
        if not found:
            found = _new_environments()
            environments.add(connection, found)
    return found


def _new_environments() -> list[Environment]:
    return [Environment.generate(), Environment.generate()]


def open_database(db: str, expected: Sequence[Environment], seed: Optional[Seed]) -> Database:
    """Open a database with the environments from `load_environments`.

    A seed fills the first environment, unless the database has users or organizations already.
    """
    with _configuration_errors():
        database = Database(db)
    try:
        with _configuration_errors(), database.transaction() as connection:
            if not environments.find_all(connection):
                environments.add(connection, expected)
            is_empty = not users.exists_any(connection) and not organizations.exists_any(connection)
            if seed is not None and is_empty:
                fill(connection, expected[0].environment_id, seed)
        if db == IN_MEMORY:
            database.save_snapshot()
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _configuration_errors() -> Generator[None, None, None]:
    """Turn what is wrong with a file into a ConfigurationError."""
    try:
        yield
    except NotStored as error:
        raise ConfigurationError(str(error)) from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        raise damaged() from None


def require_path(name: str, path: Union[str, os.PathLike[str]], extension: str) -> str:
    """Return the path of a file."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path) or "\0" in os.fspath(path):
        raise ConfigurationError(f"{name} must be the path of a file, such as torii.{extension}.")
    return os.fspath(path)
