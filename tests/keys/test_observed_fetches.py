"""What listeners hear of the keys of an issuer, and that they hold up no fetch."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Optional

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.jwks_server import settle
from tests.support.observed import observed
from torii_backend import KeysUnavailable
from torii_backend._keys.keystore import KeyStore
from torii_backend.observing import KeysFetched, KeysFetchFailed, KeysStale, observe

KINDS = (KeysFetched, KeysFetchFailed, KeysStale)
DAY = 24 * 3600


class Tenant:
    """A tenant host whose keys a test can change, and let fail."""

    def __init__(self, clock: Clock) -> None:
        self.keys = [SigningKey("kid-1")]
        self.error: Optional[Exception] = None
        self.clock = clock
        self.store = KeyStore(URL, fetch=self._fetch, clock=clock)

    def _fetch(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.clock.advance(0.25)
        if self.error is not None:
            raise self.error
        return jwks(*self.keys), {}

    def refresh(self, after: float = 250) -> None:
        self.clock.advance(after)
        # After a refresh that failed, the next request waits for the next one.
        with suppress(KeysUnavailable):
            self.store.key("kid-1")
        settle()


@pytest.fixture
def tenant(clock: Clock) -> Tenant:
    return Tenant(clock)


def test_each_good_fetch_tells_whether_the_keys_changed(tenant: Tenant) -> None:
    with observed(*KINDS) as heard:
        tenant.store.warm()
        tenant.refresh()
        tenant.keys.append(SigningKey("kid-2"))
        tenant.refresh()
        assert heard.wait(3) == [
            KeysFetched(URL, 0.25, 1, changed=True),
            KeysFetched(URL, 0.25, 1, changed=False),
            KeysFetched(URL, 0.25, 2, changed=True),
        ]


def test_each_failed_fetch_tells_why_and_when_the_next_one_may_start(tenant: Tenant) -> None:
    tenant.store.warm()
    tenant.error = OSError("https://user:secret@acme.torii.so is down, token=abc123")
    with observed(*KINDS) as heard:
        tenant.refresh()
        tenant.refresh(60)
        first, second = heard.wait(2)
    assert (first.issuer, first.seconds, first.failures, first.keys_age) == (URL, 0.25, 1, 250.5)
    assert first.cause == "OSError: <URL> is down, token=<secret>"
    # The backoff counts from the start of the fetch.
    assert 0.75 <= first.retry_in <= 1.25
    assert (second.failures, second.keys_age) == (2, 310.75)
    tenant.error = None
    with observed(*KINDS) as heard:
        tenant.refresh(60)
        assert type(heard.wait()[0]) is KeysFetched
        tenant.error = OSError()
        tenant.refresh()
        assert heard.wait(2)[1].failures == 1


def test_a_tenant_that_was_never_reached_has_keys_of_no_age(tenant: Tenant) -> None:
    tenant.error = OSError()
    with observed(*KINDS) as heard:
        with pytest.raises(KeysUnavailable):
            tenant.store.warm()
        (failed,) = heard.wait()
    assert (type(failed), failed.keys_age) == (KeysFetchFailed, None)


def test_keys_that_are_too_old_are_told_once(tenant: Tenant) -> None:
    tenant.store.warm()
    tenant.error = OSError()
    with observed(KeysStale) as heard:
        for _ in range(3):
            tenant.refresh(DAY)
        tenant.error = None
        tenant.refresh(DAY)
        tenant.error = OSError()
        tenant.refresh(2 * DAY)
        assert [event.age for event in heard.wait(2)] == [DAY + 0.5, 2 * DAY + 0.5]


def test_a_listener_that_blocks_delays_no_fetch(tenant: Tenant) -> None:
    """As an exporter does whose collector hangs."""
    begun, release = threading.Event(), threading.Event()

    def block(_: object) -> None:
        begun.set()
        assert release.wait(WATCHDOG)

    undo = observe(block, *KINDS)
    try:
        tenant.store.warm()
        assert begun.wait(WATCHDOG)
        for number in range(2, 9):
            tenant.keys.append(SigningKey(f"kid-{number}"))
            tenant.refresh()
            assert tenant.store.key(f"kid-{number}")
    finally:
        release.set()
        undo()
