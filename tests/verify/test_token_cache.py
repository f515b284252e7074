"""Verified tokens are cached, but only while they would be accepted again."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType, ModuleType
from typing import Any

import msgspec
import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import NOW, Issuer, SigningKey
from tests.support.jwks_server import settle
from tests.support.refusal import reason
from torii_backend import Auth, InvalidToken, KeysUnavailable, Verifier


class OwnIssuer(Issuer):
    """An issuer for one test, with an outage that the test can start."""

    down = False

    def fetch(self, url: str, timeout: float) -> Any:
        if self.down:
            raise OSError
        return super().fetch(url, timeout)


@pytest.fixture
def issuer() -> OwnIssuer:
    return OwnIssuer()


def counted(verifier: Verifier) -> tuple[int, int]:
    stats = verifier.stats()
    return stats.hits, stats.misses


def test_a_repeated_token_gives_the_same_auth(verifier: Verifier, issuer: Issuer) -> None:
    token = issuer.token()
    auth = verifier.verify(token)
    assert verifier.verify(token) is auth
    assert verifier.verify(token.encode()) is auth
    assert asyncio.run(verifier.verify_async(token)) is auth
    assert counted(verifier) == (3, 1)


def test_another_token_with_the_same_claims_is_a_miss(verifier: Verifier, issuer: Issuer) -> None:
    assert verifier.verify(issuer.token()) is not verifier.verify(issuer.token())
    assert counted(verifier) == (0, 2)


def test_rejected_tokens_are_not_cached(verifier: Verifier, issuer: Issuer) -> None:
    for token in (issuer.token(exp=NOW - 31), issuer.token()[:-1], issuer.token(sub="")):
        for _ in range(2):
            with pytest.raises(InvalidToken):
                verifier.verify(token)
    assert verifier.stats().hits == 0


@pytest.mark.parametrize("leeway", [0, 30])
def test_a_cached_token_expires(issuer: Issuer, clock: Clock, leeway: float) -> None:
    verifier = Verifier(issuer.url, leeway=leeway, fetch=issuer.fetch, clock=clock)
    token = issuer.token(exp=NOW + 60)
    auth = verifier.verify(token)
    clock.advance(60 + leeway - 0.001)
    assert verifier.verify(token) is auth
    clock.advance(0.001)
    assert reason(verifier, token) == "expired"


@pytest.mark.parametrize("successor", ["key-1", "key-2"])
def test_a_cached_token_is_rejected_without_its_key(
    verifier: Verifier, issuer: Issuer, clock: Clock, successor: str
) -> None:
    """The key was withdrawn, or another key has its kid now."""
    token = issuer.token(exp=NOW + 9_000)
    verifier.verify(token)
    issuer.key = SigningKey(successor)
    clock.advance(299)
    verifier.verify(token)
    settle()
    expected = "bad_signature" if successor == "key-1" else "unknown_key"
    assert reason(verifier, token) == expected


def test_a_cached_token_stays_if_a_refresh_keeps_its_key(
    verifier: Verifier, issuer: Issuer, clock: Clock
) -> None:
    token = issuer.token(exp=NOW + 9_000)
    auth = verifier.verify(token)
    for fetches in (2, 3, 4):
        clock.advance(299)
        assert verifier.verify(token) is auth
        settle()
        assert verifier.stats().fetches == fetches
    assert verifier.verify(token) is auth


def test_cached_tokens_are_rejected_if_the_keys_are_too_old(
    verifier: Verifier, issuer: OwnIssuer, clock: Clock
) -> None:
    token = issuer.token(exp=NOW + 999_999)
    auth = verifier.verify(token)
    issuer.down = True
    clock.advance(24 * 3600 - 1)
    assert verifier.verify(token) is auth
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        verifier.verify(token)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_the_size_of_the_cache(issuer: Issuer, clock: Clock, size: int) -> None:
    verifier = Verifier(issuer.url, cache_size=size, fetch=issuer.fetch, clock=clock)
    tokens = [issuer.token(sub=f"user_{i}") for i in range(size + 1)]
    for token in tokens:
        verifier.verify(token)
    for token in reversed(tokens[1:]):
        verifier.verify(token)
    assert counted(verifier) == (size, size + 1)
    verifier.verify(tokens[0])
    assert counted(verifier) == (size, size + 2)


def test_the_bytes_of_the_cache(issuer: Issuer, clock: Clock) -> None:
    """What tokens take in memory counts: claims take many times the length of the token."""
    verifier = Verifier(issuer.url, cache_bytes=1024 * 1024, fetch=issuer.fetch, clock=clock)
    tokens = [issuer.token(jti=str(n), x=[[n], {"a": n}] * 400) for n in range(20)]
    tracemalloc.start()
    try:
        for token in tokens:
            verifier.verify(token)
        cached = len(verifier._cache._entries)
        assert 1 < cached < 15
        assert 0.1 < tracemalloc.get_traced_memory()[0] / 1024 / 1024 < 1.3
    finally:
        tracemalloc.stop()
    assert verifier.verify(tokens[-1]) is verifier.verify(tokens[-1])
    verifier.verify(tokens[0])
    assert verifier.stats().hits == 2
    small = Verifier(issuer.url, cache_bytes=0, fetch=issuer.fetch, clock=clock)
    assert small.verify(tokens[0]) is not small.verify(tokens[0])


def test_the_least_recently_used_token_is_evicted(issuer: Issuer, clock: Clock) -> None:
    verifier = Verifier(issuer.url, cache_size=2, fetch=issuer.fetch, clock=clock)
    first, second, third = (issuer.token(sub=name) for name in ("a", "b", "c"))
    auth = verifier.verify(first)
    verifier.verify(second)
    verifier.verify(first)
    verifier.verify(third)
    assert verifier.verify(first) is auth
    hits, misses = counted(verifier)
    verifier.verify(second)
    assert counted(verifier) == (hits, misses + 1)


def texts_held_by(root: object) -> Iterator[bytes]:
    """Yield each text that an object refers to at any depth, except through code and classes."""
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (ModuleType, type, FunctionType)):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, str):
            yield thing.encode("utf-8", "replace")
        elif isinstance(thing, bytes):
            yield thing
        elif isinstance(thing, msgspec.Struct):
            waiting.extend(getattr(thing, name) for name in thing.__struct_fields__)
        else:
            waiting.extend(gc.get_referents(thing))


def test_no_token_stays_in_memory(verifier: Verifier, issuer: Issuer) -> None:
    token = issuer.token(sub="user_marked")
    header, payload, signature = token.encode().split(b".")
    verifier.verify(token)
    texts = list(texts_held_by(verifier))
    assert b"user_marked" in texts
    assert not any(part in text for text in texts for part in (payload, signature))
    # The header is the same in every token of a key, and is not secret.
    assert header in texts


def test_expired_tokens_are_evicted_as_new_ones_arrive(
    verifier: Verifier, issuer: Issuer, clock: Clock
) -> None:
    def users() -> set[bytes]:
        return {text for text in texts_held_by(verifier) if text.startswith(b"user_")}

    for number in range(20):
        verifier.verify(issuer.token(sub=f"user_old_{number}"))
    assert len(users()) == 20
    clock.advance(3600)
    for number in range(10):
        now = int(clock.time())
        verifier.verify(issuer.token(sub=f"user_new_{number}", iat=now, exp=now + 300))
    assert users() == {f"user_new_{number}".encode() for number in range(10)}


def test_many_threads_share_a_small_cache(issuer: Issuer, clock: Clock) -> None:
    verifier = Verifier(issuer.url, cache_size=2, fetch=issuer.fetch, clock=clock)
    tokens = [issuer.token(sub=f"user_{i}") for i in range(6)]
    barrier = threading.Barrier(8)

    def use(offset: int) -> bool:
        barrier.wait(WATCHDOG)
        return all(
            verifier.verify(tokens[(offset + i) % 6]).user_id == f"user_{(offset + i) % 6}"
            for i in range(120)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))


def test_verifiers_do_not_share_a_cache(issuer: Issuer, clock: Clock) -> None:
    token = issuer.token(aud="app")
    lenient = Verifier(issuer.url, fetch=issuer.fetch, clock=clock)
    strict = Verifier(issuer.url, audience="other", fetch=issuer.fetch, clock=clock)
    assert type(lenient.verify(token)) is Auth
    assert reason(strict, token) == "wrong_audience"


def test_a_remembered_header_skips_no_check(verifier: Verifier, issuer: Issuer) -> None:
    verifier.verify(issuer.token())
    header, _, _ = issuer.token().split(".")
    other = Issuer(issuer.url, SigningKey(issuer.key.kid))
    forged = other.key.signed(header, other.token().split(".")[1])
    assert reason(verifier, forged) == "bad_signature"
    assert reason(verifier, issuer.token(exp=NOW - 31)) == "expired"
    assert reason(verifier, issuer.token(iss="https://other.example")) == "wrong_issuer"


def test_at_most_64_headers_are_remembered(verifier: Verifier, issuer: Issuer) -> None:
    headers = []
    for turn in range(200):
        token = issuer.odd_token(header={"turn": turn})
        headers.append(token.partition(".")[0].encode())
        assert verifier.verify(token)
    assert verifier.stats().fetches == 1
    assert len(set(texts_held_by(verifier)).intersection(headers)) <= 64
