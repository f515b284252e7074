"""Revocations that share a Redis: what happens to the server, to the connection and to the data."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
from contextlib import closing, nullcontext
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Callable

import pytest

from tests.support.observed import observed
from tests.support.redis_server import RedisServer
from torii_backend import (
    ConfigurationError,
    InvalidToken,
    Revocations,
    RevocationsUnavailable,
    ToriiConnectionError,
    Verifier,
)
from torii_backend.emulator import Emulator
from torii_backend.observing import RevocationsFresh, RevocationsStale
from torii_backend.testing import make_auth

from .conftest import Joining, until

KEY = "torii:torii:revoked"
ADA, BOB = make_auth("user_ada"), make_auth("user_bob")


def listeners() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "torii-revocations"]


def test_each_knows_what_another_revokes(joining: Joining) -> None:
    one, other = joining(), joining()
    one.revoke("user_ada")
    assert one.is_revoked(ADA)
    until(lambda: other.is_revoked(ADA))
    asyncio.run(other.refresh_async("user_bob"))
    until(lambda: one.is_revoked(BOB))
    asyncio.run(one.revoke_all_async())
    until(lambda: other.is_revoked(make_auth("user_eve")))
    newcomer = joining()
    assert newcomer.is_revoked(ADA) and newcomer.is_revoked(make_auth("user_eve"))
    stats = other.stats()
    assert (stats.entries, stats.fresh, stats.stale_for) == (0, True, 0.0)
    assert stats.last_event_lag is not None
    assert (stats.resyncs, stats.unwritten, stats.skipped) == (0, 0, 0)


def test_namespaces_are_apart(joining: Joining, admin: Any) -> None:
    one, other = joining(namespace="one"), joining(namespace="other")
    one.revoke("user_ada")
    other.revoke("user_bob")
    assert sorted(admin.keys()) == [b"torii:one:revoked", b"torii:other:revoked"]
    assert admin.pttl("torii:one:revoked") > 86400_000
    assert not joining(namespace="other").is_revoked(ADA)


@pytest.mark.parametrize("awaited", [True, False])
def test_the_first_verification_of_a_process_knows_all(
    joining: Joining, redis_server: RedisServer, awaited: bool
) -> None:
    joining().revoke("user_ada")
    late = Revocations(redis_server.url)
    with Emulator() as torii, closing(late):
        token = torii.issue_token(user_id="user_ada").access_token
        verifier = Verifier(torii.issuer, revocations=late)
        with pytest.raises(InvalidToken, match="revoked"):
            asyncio.run(verifier.verify_async(token)) if awaited else verifier.verify(token)


DISASTERS: dict[str, Callable[[RedisServer, Any], object]] = {
    "FLUSHALL": lambda _, admin: admin.flushall(),
    "DEL": lambda _, admin: admin.delete(KEY),
    "an older copy, with lower ids": lambda _, admin: (
        admin.delete(KEY),
        admin.xadd(KEY, {"u": "user_x", "t": "1"}, id="1-1"),
    ),
    "a shorter copy, with higher ids": lambda _, admin: (
        admin.delete(KEY),
        admin.xadd(KEY, {"u": "user_x", "t": "1"}),
    ),
    "another copy, whose last entry has the same id": lambda _, admin: (
        name := admin.xrevrange(KEY, count=1)[0][0],
        admin.delete(KEY),
        admin.xadd(KEY, {"u": "user_x", "t": "1"}, id=name),
    ),
    "CLIENT KILL": lambda _, admin: admin.execute_command("CLIENT KILL TYPE normal SKIPME yes"),
    "kill -9, then empty": lambda server, _: server.restart(empty=True),
    "kill -9, then with its data": lambda server, _: server.restart(),
}


@pytest.mark.parametrize("disaster", DISASTERS.values(), ids=DISASTERS)
def test_what_a_process_knows_is_not_lost(
    joining: Joining,
    redis_server: RedisServer,
    admin: Any,
    disaster: Callable[[RedisServer, Any], object],
) -> None:
    one, other = joining(), joining()
    one.revoke("user_ada")
    until(lambda: other.is_revoked(ADA))
    disaster(redis_server, admin)
    # It may not take this at once.
    try:
        one.revoke("user_bob")
    except ToriiConnectionError:
        assert one.is_revoked(BOB)
    until(lambda: other.is_revoked(BOB))
    until(lambda: [each.stats().unwritten for each in (one, other)] == [0, 0])
    until(lambda: joining().is_revoked(ADA) and joining().is_revoked(BOB))
    assert len(listeners()) >= 2


def test_what_is_revoked_during_an_outage_is_written_after_it(
    joining: Joining, redis_server: RedisServer
) -> None:
    one, other = joining(), joining()
    redis_server.kill()
    with pytest.raises(ToriiConnectionError) as caught:
        one.revoke("user_ada")
    assert str(caught.value) == (
        "The revocation counts in this process only until it can be stored: Redis can't be reached."
    )
    assert one.is_revoked(ADA) and not other.is_revoked(ADA)
    assert one.stats().unwritten == 1
    until(lambda: not other.stats().fresh)
    assert other.stats().stale_for > 0
    redis_server.start()
    until(lambda: other.is_revoked(ADA))
    until(lambda: one.stats().fresh and one.stats().unwritten == 0)


def test_an_outage_is_told_once_by_each_process_and_its_end(
    joining: Joining, redis_server: RedisServer
) -> None:
    with observed(RevocationsStale, RevocationsFresh) as heard:
        one = joining(max_stale=60)
        assert type(heard.wait()[0]) is RevocationsFresh
        redis_server.kill()
        until(lambda: not one.stats().fresh)
        assert heard.wait(2)[1] == RevocationsStale(60)
        redis_server.start()
        until(lambda: one.stats().fresh)
        again = heard.wait(3)[2]
    assert type(again) is RevocationsFresh and again.stale_for > 0
    assert len(heard.events) == 3


def test_a_frozen_server_is_noticed(
    joining: Joining, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "torii_backend.revocation")
    with Emulator() as torii:
        token = torii.issue_token(user_id="user_ada").access_token
        everyone = joining(max_stale=2), joining()
        strict, lenient = (Verifier(torii.issuer, revocations=each) for each in everyone)
        strict.verify(token)
        lenient.verify(token)
        redis_server.freeze()
        until(lambda: not any(each.stats().fresh for each in everyone))
        until(lambda: _is_unavailable(strict, token))
        lenient.verify(token)
        # What a token lacks is said first.
        with pytest.raises(InvalidToken):
            strict.verify("not.a.token")
        redis_server.thaw()
        until(lambda: not _is_unavailable(strict, token))
        until(lambda: all(each.stats().fresh for each in everyone))
    texts = {each.message for each in caplog.records if each.levelname == "WARNING"}
    assert any("Redis did not respond in time. Requests are refused" in each for each in texts)
    assert any("Redis did not respond in time. Meanwhile" in each for each in texts)
    assert caplog.messages.count("Revocations are up to date.") == 4


def _is_unavailable(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except RevocationsUnavailable:
        return True
    return False


@pytest.mark.parametrize("awaited", [True, False])
def test_a_process_that_starts_without_redis(redis_server: RedisServer, awaited: bool) -> None:
    redis_server.kill()
    for max_stale in (None, 60):
        revocations = Revocations(redis_server.url, start_timeout=0.1, max_stale=max_stale)
        with Emulator() as torii, closing(revocations):
            token = torii.issue_token(user_id="user_ada").access_token
            verifier = Verifier(torii.issuer, revocations=revocations)
            with nullcontext() if max_stale is None else pytest.raises(RevocationsUnavailable):
                asyncio.run(verifier.verify_async(token)) if awaited else verifier.verify(token)


def test_many_processes_write_what_is_lost_a_few_times_at_most(
    joining: Joining, admin: Any
) -> None:
    everyone = [joining() for _ in range(8)]
    pipeline = admin.pipeline()
    for number in range(3000):
        pipeline.xadd(KEY, {"u": f"user_{number}", "t": repr(time.time())})
    pipeline.execute()
    until(lambda: {each.stats().entries for each in everyone} == {3000})
    admin.flushall()
    until(lambda: all(each.stats().resyncs for each in everyone))
    until(lambda: not any(each.stats().unwritten for each in everyone))
    written = admin.xlen(KEY)
    print(f"8 processes restored 3000 entries by writing {written}")
    # Even if all of them write at once: each reads after 500 what the others have written.
    assert 3000 <= written < 3000 * 4
    assert joining().stats().entries == 3000


def test_what_is_in_redis_is_not_trusted(joining: Joining, admin: Any) -> None:
    early = joining()
    junk: list[dict[Any, Any]] = [
        {"x": "y"},
        {"u": "user_eve"},
        {"t": "1"},
        {"u": "", "t": "1e9"},
        {"u": "a\x00b", "t": "1e9"},
        {"u": b"\xff\xfe", "t": "1e9"},
        {"u": "x" * 10_000_000, "t": "1e9"},
        *({"u": "user_eve", "t": moment} for moment in ("nan", "inf", "-1", "x", "", "9" * 400)),
    ]
    for fields in junk:
        admin.xadd(KEY, fields)
    admin.xadd(KEY, {"u": "user_ada", "t": "9e12"})
    admin.xadd(KEY, {"all": "1", "t": "5"})
    until(lambda: early.is_revoked(ADA))
    for each in (early, joining()):
        assert (each.stats().skipped, each.stats().entries) == (len(junk), 1)
        # A time that is wrong counts for a minute.
        until_when = each._moments()["user_ada"]
        assert time.time() < until_when < time.time() + 61


def test_a_server_that_takes_nothing_is_still_read(joining: Joining, admin: Any) -> None:
    one, other = joining(), joining()
    admin.config_set("maxmemory", 1)
    with pytest.raises(ToriiConnectionError, match=r"stored: Redis is out of memory\.$"):
        one.revoke("user_ada")
    assert one.stats().unwritten == 1 and one.stats().fresh and not other.is_revoked(ADA)
    admin.config_set("maxmemory", 0)
    until(lambda: other.is_revoked(ADA))


@pytest.mark.parametrize("decoding", [True, False])
def test_a_client_of_your_own(
    redis_server: RedisServer, joining: Joining, admin: Any, decoding: bool
) -> None:
    import redis

    with redis.Redis.from_url(
        redis_server.url, socket_timeout=5, decode_responses=decoding
    ) as client:
        own = Revocations(client)
        admin.xadd(KEY, {"u": b"\xff", "t": "1"})
        own.warm()
        joining().revoke("user_ada")
        until(lambda: own.is_revoked(ADA))
        own.close()
        assert client.ping()


def test_a_password(
    redis_server: RedisServer, admin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    admin.config_set("requirepass", "s3cret")
    given = redis_server.url.replace("//", "//:s3kret@")
    for url in (redis_server.url, given):
        revocations = Revocations(url, start_timeout=0.1)
        with pytest.raises(ToriiConnectionError) as caught:
            revocations.revoke("user_ada")
        assert str(caught.value).endswith(": Redis refused the user name or password.")
        assert caught.value.__cause__ is caught.value.__context__ is None
        revocations.warm()
        until(lambda: "Redis refused the user name or password." in caplog.text)
        assert "s3kret" not in caplog.text + repr(revocations) + repr(vars(revocations))
        assert "user_ada" not in caplog.text
        caplog.clear()
        revocations.close()
    right = Revocations(redis_server.url.replace("//", "//:s3cret@"))
    right.revoke("user_ada")
    right.warm()
    # The password changes while it listens.
    admin.config_set("requirepass", "other")
    admin.execute_command("CLIENT KILL TYPE normal SKIPME yes")
    until(lambda: not right.stats().fresh)
    admin.config_set("requirepass", "s3cret")
    until(lambda: right.stats().fresh)
    right.close()


def test_the_thread_ends(redis_server: RedisServer) -> None:
    closed, dropped = Revocations(redis_server.url), Revocations(redis_server.url)
    assert listeners() == []
    for each in (closed, dropped):
        each.warm()
    assert len(listeners()) == 2
    closed.close()
    closed.close()
    closed.revoke("user_ada")
    closed.warm()
    assert len(listeners()) == 1
    assert not closed.stats().fresh
    del each, dropped

    def has_ended() -> bool:
        # Old versions of redis-py leave a cycle.
        gc.collect()
        return listeners() == []

    until(has_ended)


def test_a_test_begins_anew_without_touching_redis(joining: Joining, admin: Any) -> None:
    from torii_backend.revocation.revocations import forget_revocations

    one = joining()
    one.revoke("user_ada")
    forget_revocations()
    assert not one.is_revoked(ADA)
    assert admin.xlen(KEY) == 1


WRONG: list[Any] = [
    "",
    "127.0.0.1:6379",
    "http://:s3cret@127.0.0.1:6379/0",
    "redis//:s3cret@127.0.0.1",
    "redis://:s3cret@127.0.0.1:port/0",
    "redis://:s3/cret@127.0.0.1/0",
    "redis://:s3cret@127.0.0.1/zero",
    "redis://:s3cret@127.0.0.1/0?colour=s3cret",
    5,
    object(),
    b"redis://127.0.0.1",
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
@pytest.mark.usefixtures("redis_server")
def test_what_is_no_address(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Revocations(wrong)
    assert str(caught.value).startswith(
        "url_or_client must be the URL of a Redis server, such as r"
    )
    assert caught.value.__context__ is None
    trace = caught.traceback[-1]
    assert "s3cret" not in str(caught.value) + repr(trace.locals.values())


@pytest.mark.usefixtures("redis_server")
def test_other_settings_that_are_wrong() -> None:
    import redis
    import redis.asyncio

    async def make() -> Any:
        return redis.asyncio.Redis()

    url, asynchronous = "redis://127.0.0.1:6379/0", asyncio.run(make())
    wrong: list[tuple[Any, dict[str, Any], str]] = [
        (
            redis.Redis(socket_timeout=None),
            {},
            "url_or_client must be a client whose socket_timeout",
        ),
        (redis.Redis(socket_timeout=1), {}, "url_or_client must be a client whose socket_timeout"),
        (redis.Redis, {}, "url_or_client must be the URL of a Redis server"),
        (asynchronous, {}, "url_or_client must be a sync client"),
        (url, {"namespace": "a b"}, "namespace must be a word, such as torii."),
        (url, {"max_stale": 1}, "max_stale must be at least 2 seconds, such as 5, or None."),
        (None, {"max_stale": 5}, "url_or_client must be set if max_stale is"),
        (url, {"start_timeout": "soon"}, "start_timeout must be a number of seconds, such as 30."),
    ]
    for given, settings, message in wrong:
        with pytest.raises(ConfigurationError) as caught:
            Revocations(given, **settings)
        assert str(caught.value).startswith(message)


class _Old(StreamRequestHandler):
    """Answers as a server that knows no XADD with MINID, or no streams at all."""

    def handle(self) -> None:
        while True:
            count = self.rfile.readline()
            if not count:
                return
            words = []
            for _ in range(int(count[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:size])
            error = self.server.errors.get(words[0])  # type: ignore[attr-defined]
            self.wfile.write(b"-ERR %s\r\n" % error if error else b"*0\r\n")


@pytest.mark.parametrize(
    "errors",
    [
        # 6.0, 6.2 with an old proxy, and 4.0
        {b"XADD": b"Invalid stream ID specified as stream command argument"},
        {b"XADD": b"syntax error"},
        dict.fromkeys((b"XADD", b"XRANGE", b"XREAD"), b"unknown command"),
    ],
)
@pytest.mark.usefixtures("redis_server")
def test_a_server_that_is_too_old(
    errors: dict[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadingTCPServer(("127.0.0.1", 0), _Old) as server:
        server.daemon_threads = True
        server.errors = errors  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        revocations = Revocations(f"redis://127.0.0.1:{server.server_address[1]}/0")
        with closing(revocations):
            with pytest.raises(ConfigurationError) as caught:
                revocations.revoke("user_ada")
            assert str(caught.value) == (
                "url_or_client must be that of a Redis server of version 6.2 or later, such as 7.0."
            )
            until(lambda: "the Redis server must be of version 6.2 or later" in caplog.text)
        server.shutdown()


@pytest.mark.usefixtures("redis_server")
def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError) as caught:
        Revocations("redis://127.0.0.1:6379/0")
    assert str(caught.value) == (
        "url_or_client needs the package redis: pip install 'torii-backend[redis]'."
    )
