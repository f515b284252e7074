"""Open the database of an emulator, and fill it from its seed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple, Optional, Union

from msgspec import structs

from torii_backend.emulator.environment import (
    Environment,
    require_environment_id,
    require_secret_key,
)
from torii_backend.emulator.keys import SigningKeys
from torii_backend.emulator.seed import Seed, fill
from torii_backend.emulator.store import environments, organizations, signing_keys, users
from torii_backend.emulator.store.database import IN_MEMORY, Database, NotStored, damaged
from torii_backend.errors import ConfigurationError


def load_environments(
    db: str, *, environment_id: Optional[str] = None, secret_key: Optional[str] = None
) -> list[Environment]:
    """Return the two environments of a database. A new one gets new environments.

    The first one has the given id and key. In a file, another key is replaced, but another id is an error.
    """
    wanted = _Wanted(
        None if environment_id is None else require_environment_id(environment_id),
        None if secret_key is None else require_secret_key(secret_key),
    )
    if db == IN_MEMORY:
        return wanted.new_environments()
    with _configuration_errors(), closing(Database(db)) as database:
        return _find_or_add_environments(database, wanted)


def _find_or_add_environments(database: Database, wanted: _Wanted) -> list[Environment]:
    with database.transaction() as connection:
        found = environments.find_all(connection)
        if not found:
            found = wanted.new_environments()
            environments.add(connection, found)
        if len(found) != 2 or not all(each.is_sound() for each in found):
            raise damaged()
        return wanted.applied_to(connection, found)


class _Wanted(NamedTuple):
    """The settings of the first environment."""

    environment_id: Optional[str]
    secret_key: Optional[str]

    def new_environments(self) -> list[Environment]:
        first = Environment.generate()
        settings = {name: value for name, value in self._asdict().items() if value is not None}
        return [structs.replace(first, **settings), Environment.generate()]

    def applied_to(
        self, connection: sqlite3.Connection, found: Sequence[Environment]
    ) -> list[Environment]:
        first, other = found
        if self.environment_id not in {None, first.environment_id}:
            raise ConfigurationError(
                "environment_id must be that of the environment in db. Leave it out, or use another file."
            )
        if self.secret_key in {None, first.secret_key}:
            return [first, other]
        if self.secret_key == other.secret_key:
            raise ConfigurationError("secret_key must not be that of the other environment in db.")
        first = structs.replace(first, secret_key=self.secret_key)
        environments.set_secret_key(connection, first)
        return [first, other]


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


def load_keys(database: Database) -> SigningKeys:
    """Return the signing keys in a database. One without keys gets a new one."""
    with _configuration_errors(), database.transaction() as connection:
        try:
            keys = signing_keys.find(connection)
        except ValueError:
            raise damaged() from None
        if not keys.published:
            keys = SigningKeys.generate()
            signing_keys.replace(connection, keys)
        return keys


def store_keys(database: Database, keys: SigningKeys) -> None:
    """Keep signing keys for the next start, unless the emulator was stopped."""
    if not database.closed:
        with database.transaction() as connection:
            signing_keys.replace(connection, keys)


def allowed_origins(database: Database, environment_id: str) -> tuple[str, ...]:
    """Return the extra origins that an environment allows, or none if they can't be read."""
    try:
        with database.transaction() as connection:
            return environments.origins(connection, environment_id)
    except NotStored:  # each transaction may write, so a read-only file refuses them all
        return ()


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
