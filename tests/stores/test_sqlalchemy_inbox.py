"""SqlAlchemyInbox alone: its table, its settings, and the session that it shares."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.events.deliveries import SECRET, event
from tests.support.clock import Clock
from torii_backend import ConfigurationError, Event, Events, InboxUnavailable
from torii_backend.events import Claim

from .inboxes import sql_engine

sqlalchemy: Any = pytest.importorskip("sqlalchemy")

from sqlalchemy import text  # noqa: E402
from sqlalchemy.orm import Session, scoped_session, sessionmaker  # noqa: E402

from torii_backend.events.sqlalchemy import SqlAlchemyInbox  # noqa: E402

on_databases = pytest.mark.parametrize("product", ["sqlite", "postgres"])


@pytest.fixture
def engine(product: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    with sql_engine(product, tmp_path, request) as engine:
        yield engine


@on_databases
@pytest.mark.parametrize("made", [lambda engine: engine, sessionmaker, scoped_session])
def test_a_missing_table_is_one_sentence(
    engine: Any, made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = SqlAlchemyInbox(sessionmaker(engine) if made is scoped_session else made(engine))
    events = Events(SECRET, inbox=inbox)
    events.on("user.deleted")(lambda _: None)
    sentence = "the table torii_inbox must exist: call create_tables() of the inbox once."
    with pytest.raises(ConfigurationError) as caught:
        inbox.claim("k", "ada", 60)
    assert str(caught.value) == sentence
    with caplog.at_level(logging.ERROR), pytest.raises(InboxUnavailable):
        events.dispatch(event())
    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info) == (f"The inbox is unavailable: {sentence}", None)
    inbox.create_tables()
    assert events.dispatch(event()) == "ok"


@on_databases
def test_tables_may_be_created_several_times_at_once(engine: Any) -> None:
    inbox = SqlAlchemyInbox(engine)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: inbox.create_tables(), range(4)))
    assert inbox.claim("k", "ada", 60) == Claim("new")


@on_databases
def test_handlers_share_the_session_that_holds_the_row(engine: Any) -> None:
    inbox = SqlAlchemyInbox(sessionmaker(engine))
    inbox.create_tables()
    events = Events(SECRET, inbox=inbox)
    failing = [True]
    with engine.begin() as connection:
        connection.execute(text("create table log (line varchar(20))"))

    @events.on("user.deleted")
    def note(event: Event) -> None:
        inbox.session.execute(text("insert into log values (:line)"), {"line": event.id})

    @events.on("user.*")
    def fail(event: Event) -> None:
        if failing:
            raise ValueError(failing.pop())

    def rows(table: str) -> int:
        with engine.connect() as connection:
            found: int = connection.execute(text(f"select count(*) from {table}")).scalar()  # noqa: S608
        return found

    with pytest.raises(ValueError, match="True"):
        events.dispatch(event())
    assert (rows("log"), rows("torii_inbox")) == (0, 0)
    assert events.dispatch(event()) == "ok"
    assert (rows("log"), rows("torii_inbox")) == (1, 1)
    with pytest.raises(RuntimeError, match=r"^inbox\.session must be used in a handler"):
        _ = inbox.session


@pytest.mark.parametrize("product", ["sqlite"])
def test_rows_are_deleted_once_they_are_forgotten(engine: Any) -> None:
    clock = Clock()
    SqlAlchemyInbox(engine).create_tables()
    for key, end in (("kept", 40), ("done", 0), ("released", 0), ("abandoned", 0)):
        inbox = SqlAlchemyInbox(engine, retention=60 + end, clock=clock.time)
        inbox.claim(key, "ada", 10 + end)
        if key == "released":
            inbox.release(key, "ada", [])
        elif key != "abandoned":
            inbox.done(key, "ada")
    clock.advance(70)
    SqlAlchemyInbox(engine, retention=60, clock=clock.time).claim("new", "bob", 60)
    with engine.connect() as connection:
        keys = connection.execute(text("select key from torii_inbox order by key")).scalars().all()
    assert keys == ["kept", "new"]


@pytest.mark.parametrize("product", ["sqlite"])
def test_bind_must_be_an_engine_or_make_new_sessions(engine: Any) -> None:
    for wrong in ("sqlite://", None, Session(engine)):
        with pytest.raises(ConfigurationError, match=r"^bind must be a sync Engine .*\.$"):
            SqlAlchemyInbox(wrong)  # type: ignore[arg-type]
    session = Session(engine)
    session.begin()
    with pytest.raises(ConfigurationError, match=r"^bind must make new sessions, such as .*\.$"):
        SqlAlchemyInbox(lambda: session).create_tables()
    session.close()
    assert repr(SqlAlchemyInbox(engine)) == "SqlAlchemyInbox(engine)"


def test_handlers_may_use_a_scoped_session(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/inbox.db")
    sessions = scoped_session(sessionmaker(engine))
    inbox = SqlAlchemyInbox(sessions)
    inbox.create_tables()
    events = Events(SECRET, inbox=inbox)

    @events.on("user.deleted")
    def forget(event: Event) -> None:
        assert inbox.session is sessions()

    assert [events.dispatch(event()) for _ in range(2)] == ["ok", "duplicate"]
    engine.dispose()
