"""KeyStore: what another thread has fetched in between is not fetched again."""

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
    """A clock that lets another thread run to its end, once, when the time is asked for."""

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
    """A store over keys that can be published, and a count of its fetches."""

    def __init__(self) -> None:
        self.clock = InterruptedClock()
        self.keys = [SigningKey("key-1")]
        self.fetches = 0
        self.store = KeyStore(URL, fetch=self._fetch, clock=self.clock)

    def _fetch(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.fetches += 1
        return jwks(*self.keys), {}


def test_the_first_fetch_of_another_thread() -> None:
    scene = Scene()
    scene.clock.interruption = lambda: scene.store.key("key-1")
    assert scene.store.key("key-1")
    assert scene.fetches == 1


@pytest.mark.parametrize("kid", ["key-1", "key-2"])
def test_the_refresh_of_another_thread(kid: str) -> None:
    scene = Scene()
    scene.store.key("key-1")
    scene.keys.append(SigningKey("key-2"))
    scene.clock.advance(299)
    scene.clock.interruption = lambda: scene.store.key("key-2")
    assert scene.store.key(kid)
    settle()
    assert scene.fetches == 2


def test_a_rotated_key_that_another_thread_has_found() -> None:
    scene = Scene()
    scene.store.key("key-1")
    scene.keys.append(SigningKey("key-2"))
    scene.clock.interruption = lambda: scene.store.key("key-2")
    assert scene.store.key("key-2")
    assert scene.fetches == 2
