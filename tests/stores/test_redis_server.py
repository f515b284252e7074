"""The server that the other tests here use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.redis_server import RedisServer


def test_it_dies_freezes_and_begins_anew(redis_server: RedisServer) -> None:
    redis: Any = pytest.importorskip("redis")
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.2) as client:
        client.set("key", "value")
        redis_server.freeze()
        with pytest.raises(redis.TimeoutError):
            client.get("key")
        redis_server.thaw()
    redis_server.restart(empty=True)
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("key") is None
