"""Database: one SQLite connection that threads share, one transaction at a time.

A database is open from its construction until `close`, and then stays closed. The lock is held
for a whole transaction, for taking and restoring the snapshot, and for closing. So a
transaction never sees the work of another one, and a stop waits for the one that runs.
`_connection` is used under the lock only. `_snapshot` is set once, before the server starts.
`closed` is read without the lock: the flag only ever changes to True, and `transaction` checks it
again under the lock.
SQLite's own lock on the file is exclusive from the first write until the connection closes, so a
second emulator can't open the same file. A killed process loses no committed transaction: SQLite
restores the file from its write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Optional

from torii_backend.emulator.store.schema import SCHEMA, VERSION
from torii_backend.emulator.store.soundness import is_sound
from torii_backend.errors import ConfigurationError

IN_MEMORY = ":memory:"


class NotStored(OSError):
    """A change could not be written. The message says why, without the path."""


class Database:
    """The emulator's data, in memory or in a file. Threads may share it."""

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
    def transaction(
        self, committed: Optional[Callable[[], None]] = None
    ) -> Generator[sqlite3.Connection, None, None]:
        """Run a block as one transaction, which an exception rolls back.

        `committed` is called after the commit and before the next transaction begins.
        """
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("The emulator was stopped.")
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
                if committed is not None:
                    committed()
            except sqlite3.OperationalError as error:
                _raise_if_not_stored(error)
                raise
            finally:
                # SQLite itself rolls back if the disk is full, but not if a COMMIT fails.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def save_snapshot(self) -> None:
        """Copy the data, for `restore_snapshot`."""
        with self._lock:
            self._snapshot = sqlite3.connect(IN_MEMORY, check_same_thread=False)
            self._connection.backup(self._snapshot)

    def restore_snapshot(self) -> None:
        """Restore the data from the snapshot. Without a snapshot, do nothing."""
        with self._lock:
            if self._snapshot is not None and not self._closed:
                self._snapshot.backup(self._connection)

    def close(self) -> None:
        """Close the file once the running transaction has ended. Further calls do nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()
            if self._snapshot is not None:
                self._snapshot.close()


def _raise_if_not_stored(error: sqlite3.OperationalError) -> None:
    # Error codes came with Python 3.11.
    if "is full" in str(error):
        reason = "The disk is full. Free some space, or use another file."
    elif "readonly" in str(error):
        reason = (
            "The database is read-only. Make its file and folder writable, or use another file."
        )
    elif "disk I/O" in str(error):
        reason = "The disk reports an error. Use another file."
    else:
        return
    raise NotStored(f"The emulator could not write to db. {reason}") from error


def _opened(path: str) -> sqlite3.Connection:
    if os.path.isdir(path):  # noqa: PTH112 (pathlib raises if a path is too long)
        raise ConfigurationError(
            "db must be the path of a file, such as torii.db. This is a folder."
        )
    try:
        _create(path)
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError):
        raise ConfigurationError(
            "db could not be opened. Its folder must exist, and the file must be writable."
        ) from None
    try:
        # One process at a time, so that nothing changes behind an emulator.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA cache_size = -32768")  # KiB, enough to search 100,000 users
        _ensure_schema(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        _raise_if_not_stored(error)
        raise ConfigurationError("db is in use by another emulator, or is not writable.") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # an error can quote a damaged schema
        connection.close()
        raise _not_an_emulator_database() from None
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: str) -> None:
    """Create the file if there is none, for its owner alone: it holds secret keys."""
    if path != IN_MEMORY:
        # Never open a file that exists: closing it would drop the locks that SQLite has on it.
        with suppress(FileExistsError):
            real = os.path.realpath(path)
            os.close(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _ensure_schema(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == VERSION:
        connection.execute("BEGIN EXCLUSIVE")  # takes the lock until the connection closes
        connection.execute("COMMIT")
        if not is_sound(connection):
            raise damaged()
    elif version or tables:
        raise _not_an_emulator_database()
    else:
        script = f"BEGIN EXCLUSIVE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
        connection.executescript(script)


def damaged() -> ConfigurationError:
    """Return the error for a database that can't be used, though it is one of ours."""
    return ConfigurationError("db is damaged. Delete the file, or use another one.")


def _not_an_emulator_database() -> ConfigurationError:
    return ConfigurationError("db is not a database of this emulator. Use another file.")
