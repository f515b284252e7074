"""Database: one SQLite connection, which threads take in turns, a transaction at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Optional

from torii_backend.emulator.store.schema import SCHEMA, VERSION
from torii_backend.errors import ConfigurationError

IN_MEMORY = ":memory:"


class Database:
    """The emulator's data, in memory or in a file; safe to share by threads.

    A file belongs to one emulator at a time.

    Args:
        path: the file, made where there is none; or `:memory:`.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is no database of an emulator.
    """

    def __init__(self, path: str) -> None:
        self._lock = Lock()
        self._closed = False
        self._connection = _opened(path)
        self._snapshot: Optional[sqlite3.Connection] = None

    @property
    def closed(self) -> bool:
        """Whether the database was closed."""
        return self._closed

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Give the connection for one transaction: an exception undoes all of it.

        Raises:
            ConnectionAbortedError: the database was closed.
        """
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("The emulator was stopped.")
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def save_snapshot(self) -> None:
        """Remember the data as they are now, for `restore_snapshot`."""
        with self._lock:
            self._snapshot = sqlite3.connect(IN_MEMORY, check_same_thread=False)
            self._connection.backup(self._snapshot)

    def restore_snapshot(self) -> None:
        """Make the data what they were at `save_snapshot`; without one they stay as they are."""
        with self._lock:
            if self._snapshot is not None and not self._closed:
                self._snapshot.backup(self._connection)

    def close(self) -> None:
        """Let go of the file once the transaction under way is over; may be called again."""
        with self._lock:
            self._closed = True
            self._connection.close()
            if self._snapshot is not None:
                self._snapshot.close()


def _opened(path: str) -> sqlite3.Connection:
    if os.path.isdir(path):  # noqa: PTH112 (pathlib raises where a path is too long)
        raise ConfigurationError("db is a folder: name a file in it.")
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError:
        raise ConfigurationError(
            "db cannot be opened: its folder must exist, and the file be yours to write."
        ) from None
    try:
        # One owner at a time: an emulator does not look for what another one wrote.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA cache_size = -32768")  # KiB, enough to search 100,000 users
        _ensure_schema(connection)
    except sqlite3.OperationalError:
        connection.close()
        raise ConfigurationError(
            "db is in use or cannot be written: a file serves one emulator at a time."
        ) from None
    except sqlite3.DatabaseError:
        connection.close()
        raise _not_an_emulator_database() from None
    except BaseException:
        connection.close()
        raise
    return connection


def _ensure_schema(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == VERSION:
        connection.execute("BEGIN EXCLUSIVE")  # takes the lock that lasts
        connection.execute("COMMIT")
        _check_whole(connection)
    elif version or tables:
        raise _not_an_emulator_database()
    else:
        script = f"BEGIN EXCLUSIVE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
        connection.executescript(script)


def _check_whole(connection: sqlite3.Connection) -> None:
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError:
        found = None
    if found != "ok":
        raise ConfigurationError("db is damaged: delete the file, or name another one.")


def _not_an_emulator_database() -> ConfigurationError:
    return ConfigurationError("db is no database of this emulator: name another file.")
