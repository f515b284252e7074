"""The limits that KeyStore promises, each on an injected clock."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import InvalidToken, KeysUnavailable
from torii_backend._keys.keystore import KeyStore


class Tenant:
    """A `fetch` with keys that a test can change, and an outage that it can start."""

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
def test_ten_minutes_of_outage_cost_few_fetches(clock: Clock, attempt: int, is_warm: bool) -> None:
    """The backoff is random, so this runs several times."""
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
    # Without keys nobody can be served, so the pauses are shorter.
    assert len(tenant.fetched_at) <= (6 if is_warm else 32)
    tenant.down = False
    tenant.keys.append(SigningKey("key-2"))
    try:
        tenant.store.key("key-2")
    except KeysUnavailable as refusal:
        clock.advance(refusal.retry_after)
    assert tenant.store.key("key-2")


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_thousand_forged_kids_from_32_threads_cost_at_most_five_fetches(
    server: JwksServer, clock: Clock, is_warm: bool
) -> None:
    store = KeyStore(server.issuer, clock=clock)
    if is_warm:
        store.key("key-1")

    def forge(number: int) -> str:
        with pytest.raises((InvalidToken, KeysUnavailable)) as caught:
            store.key(f"forged-{number}")
        return caught.value.reason

    with ThreadPoolExecutor(32) as threads:
        reasons = set(threads.map(forge, range(1000)))
    # On a busy machine, a fetch may take longer than the second that all wait for.
    assert reasons <= {"unknown_key", "keys_unavailable"}
    assert len(server.requests) <= 5


def test_a_rejected_kid_is_accepted_once_it_is_published(clock: Clock) -> None:
    tenant = Tenant(clock)
    assert tenant.refuses("key-2")
    tenant.keys.append(SigningKey("key-2"))
    assert tenant.store.key("key-2")


def test_sixteen_threads_share_one_failed_fetch(server: JwksServer, clock: Clock) -> None:
    store = KeyStore(server.issuer, clock=clock)
    server.respond_with(Response(b"", 503))
    with ThreadPoolExecutor(16) as threads:
        with server.held():
            waiting = [threads.submit(store.key, "key-1") for _ in range(16)]
            server.wait_for(1)
        refusals = [waiter.exception() for waiter in waiting]
    assert all(isinstance(refusal, KeysUnavailable) for refusal in refusals)
    # None of them has started another fetch.
    assert len(server.requests) == 1
