"""KeyStore: keys that another thread has just fetched are not fetched again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Callable, Optional

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.jwks_server import settle
from torii_backend._keys.keystore import KeyStore


class InterruptedClock(Clock):
    """A clock that runs another thread to its end, once, when the time is read."""

    interruption: Optional[Callable[[], object]] = None

    def monotonic(self) -> float:
        interruption, self.interruption = self.interruption, None
        if interruption is not None:
            thread = threading.Thread(target=interruption)
            thread.start()
            thread.join(WATCHDOG)
            assert not thread.is_alive()
            settle()
        return super().monotonic()


class Scene:
    """A store with keys that a test can change, and a count of its fetches."""

    def __init__(self) -> None:
        self.clock = InterruptedClock()
        self.keys = [SigningKey("key-1")]
        self.fetches = 0
        self.store = KeyStore(URL, fetch=self._fetch, clock=self.clock)

    def _fetch(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.fetches += 1
        return jwks(*self.keys), {}


def test_the_first_fetch_by_another_thread_is_used() -> None:
    scene = Scene()
    scene.clock.interruption = lambda: scene.store.key("key-1")
    assert scene.store.key("key-1")
    assert scene.fetches == 1


@pytest.mark.parametrize("kid", ["key-1", "key-2"])
def test_a_refresh_by_another_thread_is_used(kid: str) -> None:
    scene = Scene()
    scene.store.key("key-1")
    scene.keys.append(SigningKey("key-2"))
    scene.clock.advance(299)
    scene.clock.interruption = lambda: scene.store.key("key-2")
    assert scene.store.key(kid)
    settle()
    assert scene.fetches == 2


def test_a_rotated_key_fetched_by_another_thread_is_used() -> None:
    scene = Scene()
    scene.store.key("key-1")
    scene.keys.append(SigningKey("key-2"))
    scene.clock.interruption = lambda: scene.store.key("key-2")
    assert scene.store.key("key-2")
    assert scene.fetches == 2
