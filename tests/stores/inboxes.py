"""The inboxes that the tests of this folder run on, by name: each gives what makes one on a fresh store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest

from tests.support.clock import Clock
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer
from torii_backend import MemoryInbox

# Seconds, after which `wait` has let a lease or a retention end.
SHORT = 0.01
LEASED = ("memory", "sqlite", "postgres", "redis")
ATOMIC = ("sqlite_sessions", "postgres_sessions")


class Store(NamedTuple):
    """A fresh store.

    Attributes:
        inbox: makes an inbox on it, and takes `retention`.
        wait: lets `SHORT` seconds pass by the clock of the inbox.
    """

    inbox: Callable[..., Any]
    wait: Callable[[], None]


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
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url, arguments = server.sqlalchemy_url, {}
    engine = sqlalchemy.create_engine(url, connect_args=arguments)
    yield engine
    everything = sqlalchemy.MetaData()
    everything.reflect(engine)
    everything.drop_all(engine)
    engine.dispose()


def _sleep() -> None:
    time.sleep(SHORT * 2)
