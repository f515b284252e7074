"""RedisInbox alone: its client, its round trips, and what happens without a server."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

import pytest

from tests.events.deliveries import SECRET, body, event, sender_of, signed
from tests.support.redis_server import RedisServer
from torii_backend import ConfigurationError, Events
from torii_backend.events import Claim
from torii_backend.events.receiver import Receiver

redis: Any = pytest.importorskip("redis")

from torii_backend.events.redis import RedisInbox  # noqa: E402


def test_a_delivery_takes_two_round_trips(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        events = Events(SECRET, inbox=RedisInbox(client))
        events.on("user.deleted")(lambda _: None)
        assert events.dispatch(event()) == "ok"
        client.config_resetstat()
        assert events.dispatch(event(delivery_id="msg_2")) == "ok"
        stats = client.info("commandstats")
        # Commands within a script count, too.
        sent = {name for name in stats if name not in {f"cmdstat_{each}" for each in _IN_SCRIPTS}}
        assert sent == {"cmdstat_eval", "cmdstat_config|resetstat"}
        assert stats["cmdstat_eval"]["calls"] == 2
        assert 604_000 < client.ttl("torii:inbox:torii:msg_2") <= 604_800


_IN_SCRIPTS = ("time", "hmget", "hset", "pexpire")


def test_clients_that_decode_or_ask_twice_get_the_same(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        inbox = RedisInbox(client)
        assert inbox.claim("k", "ada", 60) == Claim("new")
        # As the client does if the connection broke before the response.
        assert inbox.claim("k", "ada", 60) == Claim("new")
        assert inbox.claim("k", "bob", 60) == Claim("busy")


def test_without_the_server_nothing_runs(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    events = Events(SECRET, inbox=RedisInbox(redis_server.url.replace("//", "//:pa55word@")))
    ran: list[Any] = []
    events.on("user.deleted")(ran.append)
    redis_server.kill()
    payload = body()
    with caplog.at_level(logging.ERROR):
        response = Receiver(events).respond("POST", signed(payload), sender_of(payload))
    assert (response.status, dict(response.headers)["Retry-After"], ran) == (503, "5", [])
    assert [record.getMessage() for record in caplog.records] == ["The inbox is unavailable."]
    assert "pa55word" not in caplog.text + repr(events) + repr(events._inbox)


def test_a_frozen_server_is_given_up(redis_server: RedisServer) -> None:
    inbox = RedisInbox(f"{redis_server.url}?socket_timeout=0.1")
    redis_server.freeze()
    with pytest.raises(redis.TimeoutError):
        inbox.claim("k", "ada", 60)
    redis_server.thaw()


@pytest.mark.parametrize(
    "wrong",
    ["http://:pa55word@localhost", "redis://:pa55word#@localhost:x", None, redis.Redis],
    ids=["scheme", "port", "none", "class"],
)
def test_what_is_neither_a_url_nor_a_client_is_refused(wrong: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^url_or_client must be .* such as .*\.$"
    ) as caught:
        RedisInbox(wrong)
    error = caught.value
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if "torii_backend" in frame.filename]
    assert frames
    assert "pa55word" not in repr([frame.locals for frame in frames])
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_an_async_client_is_refused() -> None:
    async def in_a_loop() -> None:
        # Old versions of redis make no client elsewhere.
        with pytest.raises(ConfigurationError, match="or a sync client"):
            RedisInbox(redis.asyncio.Redis())

    asyncio.run(in_a_loop())
    assert repr(RedisInbox(redis.Redis())) == "RedisInbox()"
