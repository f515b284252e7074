"""`SqlAlchemyInbox`: remembers deliveries in a table of your database, by SQLAlchemy 2."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Callable, Optional, Union

from sqlalchemy import (
    Column,
    Double,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.events.inbox import DEFAULT_RETENTION, Entry
from torii_backend.events.table_inbox import TableInbox

_NAME = "torii_inbox"
_TABLE = Table(
    _NAME,
    MetaData(),
    Column("key", String(512), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("until", Double, nullable=False, index=True),
    Column("finished", Text, nullable=False),
)


@not_from_requests("your_function")
class SqlAlchemyInbox(TableInbox):
    """An inbox in a table of your database, which all processes share.

    Call `create_tables()` once, such as in a migration. With an Engine, the inbox has transactions of its
    own. With a factory of sessions, handlers share the session that holds the row, and what they write
    is committed with it: use `inbox.session` in them, and leave the commit to the inbox. If one raises,
    everything is rolled back. Handlers must be sync then.

    Args:
        bind: a sync Engine, or what makes sessions, such as `sessionmaker(engine)`.
        retention: seconds for which it remembers a delivery, 7 days by default.
        clock: returns the time in seconds. Clocks of different hosts may differ by less than the lease.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    _conflict = IntegrityError

    def __init__(
        self,
        bind: Union[Engine, Callable[[], Session]],
        *,
        retention: float = DEFAULT_RETENTION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        is_engine = isinstance(bind, Engine)
        if not is_engine and (isinstance(bind, Session) or not callable(bind)):
            raise ConfigurationError(
                "bind must be a sync Engine or make sessions, such as sessionmaker(engine)."
            )
        super().__init__(is_atomic=not is_engine, retention=retention, clock=clock)
        self._bind: Any = bind

    @property
    def session(self) -> Session:
        """The session that holds the row of the delivery, for the handlers of a factory of sessions.

        Raises:
            RuntimeError: no handler runs on this thread, or the inbox was made with an Engine.
        """
        if not self._thread.held:
            raise RuntimeError(
                "inbox.session must be used in a handler, and by an inbox of sessions."
            )
        session: Session = self._thread.held[-1].connection
        return session

    def create_tables(self) -> None:
        """Create the table `torii_inbox`, if there is none.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database did not respond, or does not allow it.
        """
        engine = self._engine()
        try:
            _TABLE.metadata.create_all(engine)
        except SQLAlchemyError:
            # Another process may have created it at the same time.
            if not inspect(engine).has_table(_NAME):
                raise

    def _engine(self) -> Engine:
        if isinstance(self._bind, Engine):
            return self._bind
        with self._session() as session:
            return session.get_bind(clause=_TABLE).engine

    def _transaction(self) -> AbstractContextManager[Any]:
        return self._bind.begin() if isinstance(self._bind, Engine) else self._session()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        session = self._bind()
        if not isinstance(session, Session) or session.in_transaction():
            raise ConfigurationError("bind must make new sessions, such as sessionmaker(engine).")
        try:
            yield session
            session.commit()
        finally:
            # It rolls back what is not committed.
            session.close()

    def _read(self, key: str) -> Optional[Entry]:
        columns = _TABLE.c
        query = select(columns.state, columns.owner, columns.until, columns.finished)
        with self._transaction() as connection:
            row = connection.execute(query.where(columns.key == key)).first()
        return None if row is None else Entry(row[0], row[1], row[2], tuple(json.loads(row[3])))

    def _insert(self, connection: Any, key: str, entry: Entry) -> None:
        connection.execute(insert(_TABLE).values(key=key, **_values(entry)))

    def _write(self, connection: Any, key: str, before: tuple[str, str], entry: Entry) -> bool:
        columns = _TABLE.c
        is_same = and_(columns.key == key, columns.state == before[0], columns.owner == before[1])
        written = connection.execute(update(_TABLE).where(is_same).values(**_values(entry)))
        return bool(written.rowcount)

    def _delete(self, now: float) -> None:
        columns = _TABLE.c
        is_forgotten = and_(columns.state != "claimed", columns.until <= now)
        old = columns.until <= now - self._retention
        with self._transaction() as connection:
            connection.execute(delete(_TABLE).where(or_(is_forgotten, old)))

    def _has_table(self) -> bool:
        return inspect(self._engine()).has_table(_NAME)

    def _missing(self) -> str:
        return f"the table {_NAME} must exist: call create_tables() of the inbox once."

    def __repr__(self) -> str:
        return "SqlAlchemyInbox(sessions)" if self.is_atomic else "SqlAlchemyInbox(engine)"


def _values(entry: Entry) -> dict[str, Any]:
    return {**entry._asdict(), "finished": json.dumps(entry.finished)}
