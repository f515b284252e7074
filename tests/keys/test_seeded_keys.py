"""Seeded keys, warm-up, settings and stats of a Verifier."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Callable, Union

import pytest
import requests

from tests.support.clock import Clock
from tests.support.issuer import NOW, URL, Issuer, SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response, settle
from tests.support.refusal import reason
from torii_backend import ConfigurationError, InvalidToken, KeysUnavailable, Verifier


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def fetch_async(_url: str, _timeout: float) -> Any:
    raise AssertionError("called")


FORMS: list[Callable[[bytes], Union[bytes, str, dict[str, Any]]]] = [
    bytes,
    bytes.decode,
    json.loads,
]


@pytest.mark.parametrize("form", FORMS)
def test_seeded_keys_are_usable_at_once_and_refreshed_in_the_background(
    issuer: Issuer, clock: Clock, form: Callable[[bytes], Any]
) -> None:
    verifier = Verifier(URL, jwks=form(jwks(issuer.key)), fetch=issuer.fetch, clock=clock)
    settle()
    assert issuer.fetched == []
    assert verifier.verify(issuer.token())
    settle()
    assert len(issuer.fetched) == 1
    assert verifier.verify(issuer.token())
    settle()
    assert len(issuer.fetched) == 1


def test_a_withdrawn_seeded_key_is_rejected_after_the_first_refresh(
    issuer: Issuer, clock: Clock
) -> None:
    old = SigningKey("old")
    verifier = Verifier(URL, jwks=jwks(old, issuer.key), fetch=issuer.fetch, clock=clock)
    token = Issuer(URL, old).token()
    assert verifier.verify(token)
    settle()
    assert reason(verifier, token) == "unknown_key"
    assert verifier.verify(issuer.token())


def test_seeded_keys_are_usable_for_a_lifetime_at_least(server: JwksServer, clock: Clock) -> None:
    issuer = Issuer(server.issuer)
    server.respond_with(Response(b"", 503))
    verifier = Verifier(server.issuer, jwks=jwks(issuer.key), max_stale=0, clock=clock)
    token = issuer.token(exp=NOW + 999_999)
    assert verifier.verify(token)
    clock.advance(299)
    assert verifier.verify(token)
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        verifier.verify(token)
    settle()


def test_seeded_keys_are_usable_during_an_outage(server: JwksServer, clock: Clock) -> None:
    issuer = Issuer(server.issuer)
    server.respond_with(Response(b"", 503))
    verifier = Verifier(server.issuer, jwks=jwks(issuer.key), clock=clock)
    for _ in range(3):
        assert verifier.verify(issuer.token(exp=NOW + 999_999))
        settle()
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.odd_token(header={"kid": "key-2"}))
    clock.advance(24 * 3600)
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(exp=NOW + 999_999))


def test_without_refresh_only_the_seeded_keys_are_used(issuer: Issuer, clock: Clock) -> None:
    verifier = Verifier(URL, jwks=jwks(issuer.key), refresh=False, fetch=issuer.fetch, clock=clock)
    verifier.warm()
    assert verifier.verify(issuer.token())
    assert reason(verifier, issuer.odd_token(header={"kid": "key-2"})) == "unknown_key"
    clock.advance(30 * 24 * 3600)
    assert verifier.verify(issuer.token(exp=NOW + 9_999_999))
    settle()
    assert issuer.fetched == []


@pytest.mark.parametrize(
    "options",
    [
        {"refresh": False},
        {"issuer": [URL, "https://beta.torii.so"], "jwks": jwks(SigningKey())},
        {"jwks": b""},
        {"jwks": "not JSON"},
        {"jwks": "\ud800"},
        {"jwks": {}},
        {"jwks": {"keys": {}}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [object()]}},
        {"jwks": b'{"keys":[]}'},
        {"jwks": jwks(SigningKey().jwk(use="enc"))},
        {"jwks": 5},
        {"jwks": [SigningKey().jwk()]},
        {"fetch": 5},
        {"fetch": URL},
        {"fetch": fetch_async},
        {"fetch": partial(fetch_async)},
        {"refresh": "no"},
        {"refresh": None, "jwks": jwks(SigningKey())},
        {"session": URL},
        {"session": requests.Session(), "fetch": lambda _url, _timeout: (b"", {})},
        {"max_stale": -1},
        {"max_stale": None},
        {"max_stale": float("inf")},
        {"max_stale": "1h"},
        {"cache_size": -1},
        {"cache_bytes": "32 MiB"},
        {"cache_size": 1.5},
        {"cache_size": True},
        {"cache_size": None},
    ],
)
def test_wrong_settings(options: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Verifier(**{"issuer": URL, **options})
    assert URL not in str(caught.value)


def test_max_stale_limits_how_long_keys_are_usable(
    server: JwksServer, key: SigningKey, clock: Clock
) -> None:
    token = Issuer(server.issuer, key).token(exp=NOW + 999_999)
    verifier = Verifier(server.issuer, max_stale=1_000, clock=clock)
    verifier.verify(token)
    server.respond_with(Response(b"", 503))
    clock.advance(999)
    assert verifier.verify(token)
    settle()
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        verifier.verify(token)


def warm(verifier: Verifier) -> None:
    verifier.warm()


def warm_in_a_loop(verifier: Verifier) -> None:
    asyncio.run(verifier.warm_async())


@pytest.mark.parametrize("way", [warm, warm_in_a_loop])
def test_warm_fetches_missing_keys(
    server: JwksServer, key: SigningKey, clock: Clock, way: Callable[[Verifier], None]
) -> None:
    other = JwksServer(key)
    try:
        verifier = Verifier([server.issuer, other.issuer], clock=clock)
        way(verifier)
        assert (len(server.requests), len(other.requests)) == (1, 1)
        way(verifier)
        verifier.verify(Issuer(other.issuer, key).token())
        assert (len(server.requests), len(other.requests)) == (1, 1)
    finally:
        other.stop()


@pytest.mark.parametrize("way", [warm, warm_in_a_loop])
def test_warm_raises_during_an_outage(
    server: JwksServer, clock: Clock, way: Callable[[Verifier], None]
) -> None:
    server.respond_with(Response(b"", 503))
    other = JwksServer(SigningKey())
    try:
        verifier = Verifier([server.issuer, other.issuer], clock=clock)
        with pytest.raises(KeysUnavailable):
            way(verifier)
        other.wait_for(1)
        settle()
    finally:
        other.stop()


def test_the_stats(server: JwksServer, key: SigningKey, clock: Clock) -> None:
    other = JwksServer(key)
    try:
        verifier = Verifier([server.issuer, other.issuer], clock=clock)
        stats = verifier.stats()
        assert (stats.hits, stats.misses, stats.fetches, stats.failures) == (0, 0, 0, 0)
        assert stats.keys_age is None
        token = Issuer(server.issuer, key).token()
        verifier.verify(token)
        verifier.verify(token)
        with pytest.raises(InvalidToken):
            verifier.verify("a.b.c")
        assert verifier.stats().keys_age is None
        clock.advance(100)
        verifier.verify(Issuer(other.issuer, key).token())
        clock.advance(10)
        stats = verifier.stats()
        assert (stats.hits, stats.misses, stats.fetches, stats.failures) == (1, 3, 2, 0)
        assert stats.keys_age == 110
        server.respond_with(Response(b"", 503))
        clock.advance(180)
        verifier.verify(token)
        settle()
        stats = verifier.stats()
        assert (stats.fetches, stats.failures, stats.keys_age) == (3, 1, 290)
    finally:
        other.stop()


def test_a_custom_session_is_used(server: JwksServer, key: SigningKey, clock: Clock) -> None:
    with requests.Session() as session:
        session.headers["X-Gateway"] = "1"
        session.auth = ("ada", "secret")
        verifier = Verifier(server.issuer, session=session, clock=clock)
        assert verifier.verify(Issuer(server.issuer, key).token())
        (request,) = server.requests
        assert request.headers["X-Gateway"] == "1"
        assert request.headers["Authorization"].startswith("Basic ")
        assert request.headers["User-Agent"].startswith("torii-backend/")


def test_a_custom_session_has_the_same_limits(server: JwksServer, clock: Clock) -> None:
    with requests.Session() as session:
        for response in (
            Response(b" " * 600_000),
            Response(b"", 503),
            Response(b"", 302, (("Location", "/elsewhere"),)),
            Response(raw=[]),
        ):
            server.respond_with(response)
            verifier = Verifier(server.issuer, session=session, clock=clock)
            with pytest.raises(KeysUnavailable):
                verifier.warm()
        assert len(server.requests) == 4


def test_prefetch_does_not_wait(server: JwksServer, key: SigningKey, clock: Clock) -> None:
    verifier = Verifier(server.issuer, clock=clock)
    with server.held():
        verifier.prefetch()
        verifier.prefetch()
        server.wait_for(1)
        assert verifier.stats().keys_age is None
    assert verifier.verify(Issuer(server.issuer, key).token())
    verifier.prefetch()
    settle()
    assert len(server.requests) == 1


def test_prefetch_raises_nothing_during_an_outage(server: JwksServer) -> None:
    server.respond_with(Response(b"", 500))
    verifier = Verifier(server.issuer)
    verifier.prefetch()
    settle()
    assert (verifier.stats().fetches, verifier.stats().failures) == (1, 1)
