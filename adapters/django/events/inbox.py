"""`Inbox`: remembers deliveries in a table of the project."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Optional

from django.apps import apps
from django.db import connections, router, transaction
from django.db.models import Q
from django.db.utils import IntegrityError

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.events.inbox import DEFAULT_RETENTION, Entry
from torii_backend.events.table_inbox import TableInbox

_APP = "torii_backend.django.events"


@not_from_requests("your_function")
class Inbox(TableInbox):
    """An inbox in the database of the project, which all processes share.

    Add "torii_backend.django.events" to INSTALLED_APPS, and run `python manage.py migrate`.

    Args:
        atomic: whether handlers run in the transaction that remembers the delivery, True by default. If
            one raises, everything is rolled back. `transaction.on_commit` runs after the commit.
            Handlers must be sync then.
        retention: seconds for which it remembers a delivery, 7 days by default.
        clock: returns the time in seconds. Clocks of different hosts may differ by less than the lease.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    _conflict = IntegrityError

    def __init__(
        self,
        *,
        atomic: bool = True,
        retention: float = DEFAULT_RETENTION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(atomic, bool):
            raise ConfigurationError("atomic must be True or False.")
        if apps.apps_ready:
            _require_app()
        super().__init__(is_atomic=atomic, retention=retention, clock=clock)

    @contextmanager
    def _transaction(self) -> Iterator[str]:
        database = _database()
        with transaction.atomic(using=database):
            yield database

    def _read(self, key: str) -> Optional[Entry]:
        rows = _rows(_database())
        row = rows.filter(key=key).values_list("state", "owner", "until", "finished").first()
        return None if row is None else Entry(row[0], row[1], row[2], tuple(json.loads(row[3])))

    def _insert(self, connection: Any, key: str, entry: Entry) -> None:
        _rows(connection).create(key=key, **_values(entry))

    def _write(self, connection: Any, key: str, before: tuple[str, str], entry: Entry) -> bool:
        state, owner = before
        same = _rows(connection).filter(key=key, state=state, owner=owner)
        return bool(same.update(**_values(entry)))

    def _delete(self, now: float) -> None:
        forgotten = ~Q(state="claimed") & Q(until__lte=now)
        _rows(_database()).filter(forgotten | Q(until__lte=now - self._retention)).delete()

    def _has_table(self) -> bool:
        _require_app()
        found = connections[_database()].introspection.table_names()
        return _model()._meta.db_table in found

    def _missing(self) -> str:
        table = _model()._meta.db_table
        return f"the table {table} must exist: run python manage.py migrate."

    def __repr__(self) -> str:
        return f"Inbox(atomic={self.is_atomic})"


def _require_app() -> None:
    if not apps.is_installed(_APP):
        raise ConfigurationError(f'INSTALLED_APPS must contain "{_APP}" for the inbox.')


def _model() -> Any:
    """Return the model, which Django loads after the settings."""
    _require_app()
    return apps.get_model("torii_events", "Delivery")


def _database() -> str:
    """Return the name of the database to which the project writes deliveries."""
    return router.db_for_write(_model())


def _rows(database: str) -> Any:
    return _model()._default_manager.using(database)


def _values(entry: Entry) -> dict[str, Any]:
    return {**entry._asdict(), "finished": json.dumps(entry.finished)}
