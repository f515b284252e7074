"""The database: transactions, whose file it is, and what a reset does to it."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend.emulator import Emulator
from torii_backend.emulator.store.database import IN_MEMORY, Database
from torii_backend.errors import ConfigurationError

from .rest.api import api_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 4096  # bytes; SQLite's default


@pytest.fixture
def database() -> Iterator[Database]:
    database = Database(IN_MEMORY)
    yield database
    database.close()


def _put(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO impersonations VALUES (x'00', x'00')")


def _delete_and_fail(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("DELETE FROM impersonations")
        raise ZeroDivisionError


def _count(database: Database) -> int:
    with database.transaction() as connection:
        (count,) = connection.execute("SELECT count(*) FROM impersonations").fetchone()
        return int(count)


def test_a_transaction_that_fails_changes_nothing(database: Database) -> None:
    _put(database)
    with pytest.raises(ZeroDivisionError):
        _delete_and_fail(database)
    assert _count(database) == 1


def test_restoring_the_snapshot_undoes_all_later_changes(database: Database) -> None:
    database.save_snapshot()
    _put(database)
    database.restore_snapshot()
    assert _count(database) == 0


def test_a_closed_database_takes_no_transaction(database: Database) -> None:
    database.close()
    with pytest.raises(ConnectionAbortedError), database.transaction():
        pass
    database.restore_snapshot()


def test_a_reset_empties_the_memory(torii: Emulator) -> None:
    api = api_of(torii)
    api.user(email="ada@example.com")
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})
    torii.reset()
    assert api.found() == set()
    assert api.ok("GET", "/allowed-origins")["origins"] == []
    assert api.user(email="ada@example.com")["email"] == "ada@example.com"


def test_a_reset_keeps_the_data_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    with Emulator(db=file) as torii:
        user = api_of(torii).user()
        torii.reset()
        assert api_of(torii).found() == {user["id"]}
    with Emulator(db=file) as torii:
        assert api_of(torii).found() == {user["id"]}


def test_a_file_is_not_left_open(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    Emulator(db=str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["torii.db"]
    with Emulator(db=os.fspath(file)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["torii.db"]


def test_a_file_serves_one_emulator_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    waiting = Emulator(db=file)
    with Emulator(db=file):
        with pytest.raises(ConfigurationError, match=r"^db is in use"):
            Emulator(db=file)
        with pytest.raises(ConfigurationError, match=r"^db is in use"):
            waiting.start()
    with waiting:
        assert api_of(waiting).found() == set()


def test_a_foreign_database_is_rejected_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id)")
    connection.close()
    with pytest.raises(ConfigurationError, match=r"^db is not a database of this emulator"):
        Emulator(db=file)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("users",)]
    connection.close()


def test_a_file_that_is_not_a_database_is_rejected_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Some notes. " * 500, "utf-8")
    with pytest.raises(ConfigurationError, match=r"^db is not a database of this emulator"):
        Emulator(db=file)
    assert file.read_text("utf-8") == "Some notes. " * 500


@pytest.mark.parametrize("path", ["", "a\0b", 7, b"torii.db", Path()])
def test_an_invalid_path_is_rejected(path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^db "):
        Emulator(db=path)


def test_a_port_in_use_does_not_lock_the_file(tmp_path: Path, torii: Emulator) -> None:
    file, port = tmp_path / "torii.db", int(torii.issuer.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="in use"):
        Emulator(db=file, port=port).start()
    with Emulator(db=file) as other:
        assert api_of(other).found() == set()


def test_a_stopped_emulator_treats_every_user_as_unknown(torii: Emulator) -> None:
    user_id = api_of(torii).user()["id"]
    api_of(torii).ok("POST", f"/users/{user_id}/ban")
    with pytest.raises(ValueError, match="banned"):
        torii.issue_token(user_id=user_id)
    torii.stop()
    assert torii.issue_token(user_id=user_id).access_token
    torii.reset()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database with some users."""
    file = tmp_path_factory.mktemp("content") / "torii.db"
    with Emulator(db=file) as torii:
        for _ in range(20):
            api_of(torii).user(publicMetadata={"k": "a" * 2000}, password="correct horse")
    return file.read_bytes()


@pytest.mark.parametrize("zeroed", [slice(1, -1), slice(-4, -2)], ids=["most", "users"])
def test_a_damaged_database_is_rejected_and_unchanged(
    tmp_path: Path, content: bytes, zeroed: slice
) -> None:
    file = tmp_path / "torii.db"
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)]
    pages[zeroed] = [bytes(PAGE) for _ in pages[zeroed]]
    file.write_bytes(b"".join(pages))
    with pytest.raises(ConfigurationError, match=r"^db is damaged\. .*\.$"):
        Emulator(db=file)
    assert file.read_bytes() == b"".join(pages)


DAMAGED = {
    "a record": "UPDATE user_records SET record = substr(record, 3)",
    "a record that is a number": "UPDATE user_records SET record = 7",
    "a field": "UPDATE user_records SET record = replace(record, 'createdAt', 'createdXt')",
    "a hash": "UPDATE passwords SET hash = 'sha256$' || hash",
    "a hash that is binary": "UPDATE passwords SET hash = CAST(hash AS BLOB)",
    "an origin": "UPDATE environments SET origins = '[1]'",
    "the name of a column": "ALTER TABLE sessions RENAME COLUMN revoked TO rewoked",
    "a table": "DROP TABLE invitations",
    "an index": "DROP INDEX users_by_email",
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_what_calls_could_not_read_is_found_at_start(
    tmp_path: Path, content: bytes, change: str
) -> None:
    file = tmp_path / "torii.db"
    file.write_bytes(content)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(change)
    with pytest.raises(ConfigurationError, match=r"^db is damaged\. .*\.$"):
        Emulator(db=file)


@settings(fuzz, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    # The header and the schema, or the environments, or anywhere.
    st.dictionaries(
        st.integers(0, PAGE - 1) | st.integers(0, 4 * PAGE) | st.integers(0, 10**9),
        st.integers(0, 255),
        min_size=1,
        max_size=30,
    ),
    st.none() | st.integers(0, 10**9),
)
def test_any_damage_is_one_sentence_if_it_is_noticed(
    tmp_path: Path, content: bytes, damage: dict[int, int], end: Optional[int]
) -> None:
    file = tmp_path / "torii.db"
    changed = bytearray(content)
    for place, byte in damage.items():
        changed[place % len(changed)] = byte
    file.write_bytes(changed if end is None else changed[: end % len(changed)])
    message = "db is fine."
    try:
        with Emulator(db=file) as torii:
            assert torii.secret_key.startswith("sk_test_")
    except ConfigurationError as error:
        message = str(error)
    assert re.fullmatch(r"(db is|The emulator could not write to db\.) .*\.", message)


@pytest.mark.parametrize("value", [b"\xff", b"", 7, "sk_test_1", None])
def test_a_damaged_secret_key_is_rejected(tmp_path: Path, content: bytes, value: Any) -> None:
    file = tmp_path / "torii.db"
    file.write_bytes(content)
    with closing(sqlite3.connect(file)) as connection, connection:
        if isinstance(value, bytes):
            change = "UPDATE environments SET secret_key = CAST(? AS TEXT) WHERE position = 1"
            connection.execute(change, (value,))
        elif value is None:
            connection.execute("DELETE FROM environments WHERE position = 1")
        else:
            connection.execute(
                "UPDATE environments SET secret_key = ? WHERE position = 1", (value,)
            )
    with pytest.raises(ConfigurationError, match=r"^db is damaged\."):
        Emulator(db=file)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("target.db")
    for name in ("torii.db", "link.db"):
        with Emulator(db=tmp_path / name) as torii:
            api_of(torii).user()  # SQLite gives its log the mode of the file
            modes = {path.resolve().stat().st_mode & 0o777 for path in tmp_path.glob("t*")}
        assert modes == {0o600}
    (tmp_path / "own.db").touch(0o640)
    Emulator(db=tmp_path / "own.db")
    assert (tmp_path / "own.db").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("max_page_count = 1", "The disk is full."), ("query_only = 1", "The database is read-only.")],
)
def test_what_cannot_be_written_is_a_507_that_says_so(
    tmp_path: Path, pragma: str, words: str
) -> None:
    with Emulator(db=tmp_path / "torii.db") as torii:
        api, connection = api_of(torii), torii._started().database._connection
        connection.execute(f"PRAGMA {pragma}")
        refused = api.error(507, "POST", "/users", {"publicMetadata": {"k": "a" * 8000}})
        assert (refused["code"], words in refused["detail"]) == ("insufficient_storage", True)
        body = {"name": "A" * 8000, "environmentId": torii.environment_id}
        response = api.wire.post("/_emulator/organizations", body)
        assert (response.status, words in response.message) == (507, True)
        connection.execute("PRAGMA max_page_count = 1000000")
        connection.execute("PRAGMA query_only = 0")
        assert api.found() == set()
        assert {api.user()["id"]} == api.found()


def test_a_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^db must be the path of a file.*\.$"):
        Emulator(db=tmp_path)
    for path in (tmp_path / "nowhere" / "torii.db", tmp_path / ("a" * 300)):
        with pytest.raises(ConfigurationError, match=r"^db could not be opened\. .*folder.*\.$"):
            Emulator(db=path)
