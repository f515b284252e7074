"""Real stores, each started for a test, and what the processes of an application hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Callable

import pytest

from tests.support.clock import WATCHDOG
from tests.support.postgres_server import postgres_server  # noqa: F401
from tests.support.redis_server import RedisServer, redis_server  # noqa: F401
from torii_backend import Revocations

Joining = Callable[..., Revocations]


def until(condition: Callable[[], object]) -> None:
    """Wait until this is true."""
    deadline = time.monotonic() + WATCHDOG
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.01)


@pytest.fixture
def joining(redis_server: RedisServer) -> Iterator[Joining]:  # noqa: F811
    """Give a function that makes the Revocations of one more process, which listens to the server."""
    with ExitStack() as made:

        def join(**settings: Any) -> Revocations:
            # Tests wait for the server, however busy the machine is.
            revocations = Revocations(redis_server.url, **{"start_timeout": WATCHDOG, **settings})
            made.callback(revocations.close)
            revocations.warm()
            return revocations

        yield join


@pytest.fixture
def admin(redis_server: RedisServer) -> Iterator[Any]:  # noqa: F811
    """Give a client that does what an administrator may do."""
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        yield client
