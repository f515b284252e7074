"""The numbers that DESIGN promises of a key store, each as a scene on an injected clock."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.jwks_server import Answer, JwksServer, settle
from torii_backend import InvalidToken, KeysUnavailable
from torii_backend._keys.keystore import KeyStore


class Tenant:
    """A `fetch` over keys that can be changed, and an outage that can be switched."""

    def __init__(self, clock: Clock) -> None:
        self.keys = [SigningKey("key-1")]
        self.down = False
        self.fetched_at: list[float] = []
        self._clock = clock
        self.store = KeyStore(URL, fetch=self._fetch, clock=clock)

    def _fetch(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.fetched_at.append(self._clock.monotonic())
        if self.down:
            raise OSError
        return jwks(*self.keys), {}

    def refuses(self, kid: str) -> bool:
        with pytest.raises((InvalidToken, KeysUnavailable)):
            self.store.key(kid)
        return True


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("attempt", range(20))
def test_ten_minutes_of_outage_cost_six_fetches_and_end_with_the_next_attempt(
    clock: Clock, attempt: int, is_warm: bool
) -> None:
    """The pauses are random, hence the repeats."""
    tenant = Tenant(clock)
    if is_warm:
        tenant.store.key("key-1")
        clock.advance(299)
        tenant.fetched_at.clear()
    tenant.down = True
    for _ in range(300):
        if is_warm:
            assert tenant.store.key("key-1")
            settle()
        else:
            assert tenant.refuses("key-1")
        clock.advance(2)
    assert len(tenant.fetched_at) <= 6
    tenant.down = False
    tenant.keys.append(SigningKey("key-2"))
    try:
        tenant.store.key("key-2")
    except KeysUnavailable as refusal:
        clock.advance(refusal.retry_after)
    assert tenant.store.key("key-2")


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_thousand_forged_kids_from_32_threads_cost_five_fetches(
    server: JwksServer, clock: Clock, is_warm: bool
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    if is_warm:
        store.key("key-1")

    def forge(number: int) -> str:
        with pytest.raises(InvalidToken) as caught:
            store.key(f"forged-{number}")
        return caught.value.reason

    with ThreadPoolExecutor(32) as threads:
        assert set(threads.map(forge, range(1000))) == {"unknown_key"}
    assert len(server.requests) <= 5


def test_a_kid_that_was_refused_and_is_published_later_is_accepted(clock: Clock) -> None:
    tenant = Tenant(clock)
    assert tenant.refuses("key-2")
    tenant.keys.append(SigningKey("key-2"))
    assert tenant.store.key("key-2")


def test_sixteen_threads_that_wait_for_a_failure_are_told_together(
    server: JwksServer, clock: Clock
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    server.answer(Answer(b"", 503))
    with ThreadPoolExecutor(16) as threads:
        with server.held():
            waiting = [threads.submit(store.key, "key-1") for _ in range(16)]
            server.wait_for(1)
        refusals = [waiter.exception() for waiter in waiting]
    assert all(isinstance(refusal, KeysUnavailable) for refusal in refusals)
    # Nobody has started a fetch in their own turn.
    assert len(server.requests) == 1
