"""The inboxes that the tests of this folder run on, by name: each gives what makes one on a fresh store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest
from django.core.management import call_command
from django.db import connections

from tests.adapters import django_project as _django_project  # noqa: F401 (it configures the settings)
from tests.support.clock import Clock
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer
from torii_backend import MemoryInbox
from torii_backend.django import Inbox

# Seconds, after which `wait` has let a lease or a retention end.
SHORT = 0.01
LEASED = ("memory", "sqlite", "postgres", "redis", "django_sqlite", "django_postgres")
ATOMIC = (
    "sqlite_sessions",
    "postgres_sessions",
    "django_sqlite_atomic",
    "django_postgres_atomic",
)


class Store(NamedTuple):
    """A fresh store.

    Attributes:
        inbox: makes an inbox on it, and takes `retention`.
        wait: lets `SHORT` seconds pass by the clock of the inbox.
        close: closes what a thread has opened, before it ends.
    """

    inbox: Callable[..., Any]
    wait: Callable[[], None]
    close: Callable[[], None] = lambda: None


@contextmanager
def running_store(name: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """Give a fresh store, and drop what is in it."""
    clock = Clock()
    product, _, kind = name.partition("_")

    def wait() -> None:
        clock.advance(SHORT * 2)

    if product == "memory":
        yield Store(lambda **settings: MemoryInbox(clock=clock.time, **settings), wait)
    elif product == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        from torii_backend.events.redis import RedisInbox

        yield Store(lambda **settings: RedisInbox(server.url, **settings), _sleep)
    elif product == "django":
        database, _, mode = kind.partition("_")
        with django_database(database, folder, request):
            call_command("migrate", verbosity=0)
            yield Store(
                partial(Inbox, atomic=mode == "atomic", clock=clock.time),
                wait,
                connections.close_all,
            )
    else:
        with sql_engine(product, folder, request) as engine:
            from sqlalchemy.orm import sessionmaker

            from torii_backend.events.sqlalchemy import SqlAlchemyInbox

            bind = sessionmaker(engine) if kind == "sessions" else engine
            SqlAlchemyInbox(bind).create_tables()
            yield Store(
                lambda **settings: SqlAlchemyInbox(bind, clock=clock.time, **settings), wait
            )


@contextmanager
def sql_engine(product: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give an Engine of SQLAlchemy on an empty database."""
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    if product == "sqlite":
        url, arguments = f"sqlite:///{folder}/inbox.db", {"timeout": 30}
    else:
        url, arguments = _postgres(request).sqlalchemy_url, {}
    engine = sqlalchemy.create_engine(url, connect_args=arguments)
    yield engine
    engine.dispose()


@contextmanager
def django_database(product: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Give Django an empty database."""
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "inbox.db"),
        "OPTIONS": {"timeout": 30},
    }
    if product == "postgres":
        port = _postgres(request).port
        settings = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "torii"}
        settings.update(HOST="127.0.0.1", PORT=port)
    before = connections.settings
    _use(connections.configure_settings({"default": settings}))
    yield
    _use(before)


def url_of(name: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Return the URL of a fresh store, for another process."""
    if "redis" in name:
        server: RedisServer = request.getfixturevalue("redis_server")
        return server.url
    if "django" not in name:
        pytest.importorskip("sqlalchemy")
    if "postgres" in name:
        return _postgres(request).sqlalchemy_url
    return f"sqlite:///{folder}/inbox.db"


def _use(databases: dict[str, Any]) -> None:
    connections.close_all()
    with suppress(AttributeError):
        del connections["default"]
    connections.__dict__["settings"] = connections.__dict__["databases"] = databases


def _postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """Give a running PostgreSQL whose database is empty."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.empty()
    return server


def _sleep() -> None:
    time.sleep(SHORT * 2)
