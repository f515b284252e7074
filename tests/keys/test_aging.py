"""By which clock keys age: while the machine sleeps, when the time is set, and in frozen tests."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.support.issuer import NOW, URL, Issuer, SigningKey
from tests.support.jwks_server import JwksServer, settle
from tests.support.refusal import reason
from torii_backend import KeysUnavailable, Verifier
from torii_backend._keys.aging import AgingClock
from torii_backend._keys.keystore import KeyStore

HOUR = 3600.0


class TwoClocks:
    """A time of day and a monotonic time that a test sets apart."""

    def __init__(self) -> None:
        self.day, self.ticks = float(NOW), 5_000.0

    def time(self) -> float:
        return self.day

    def monotonic(self) -> float:
        return self.ticks

    def advance(self, seconds: float) -> None:
        self.day += seconds
        self.ticks += seconds


@pytest.fixture
def clocks() -> TwoClocks:
    return TwoClocks()


class Known(Issuer):
    """An issuer whose keys a store knows, and which may be down."""

    def __init__(self, clocks: TwoClocks) -> None:
        super().__init__()
        self.down = False
        self.store = KeyStore(URL, fetch=self.fetch, clock=clocks)
        self.store.key("key-1")

    def fetch(self, url: str, timeout: float) -> Any:
        if self.down:
            raise OSError
        return super().fetch(url, timeout)

    def fetches(self) -> int:
        """Use the keys, and return how often they have been fetched."""
        self.store.key("key-1")
        settle()
        return len(self.fetched)


def test_keys_age_while_the_machine_sleeps(clocks: TwoClocks) -> None:
    known = Known(clocks)
    clocks.day += 241
    assert known.fetches() == 2
    assert known.store.age == 0
    known.down = True
    clocks.day += 24 * HOUR
    with pytest.raises(KeysUnavailable):
        known.store.key("key-1")


def test_keys_age_while_the_time_of_day_is_set_back(clocks: TwoClocks) -> None:
    known = Known(clocks)
    clocks.day -= 10 * HOUR
    assert known.fetches() == 1
    clocks.advance(241)
    assert known.fetches() == 2


def test_a_time_of_day_that_was_wrong_for_a_while_leaves_nothing_behind(clocks: TwoClocks) -> None:
    known = Known(clocks)
    clocks.day += HOUR
    assert known.fetches() == 2
    clocks.day -= HOUR
    assert known.fetches() == 2
    clocks.advance(241)
    assert known.fetches() == 3
    # Nor is the bucket for unknown kids empty for an hour.
    known.key = SigningKey("key-2")
    assert known.store.key("key-2")


def test_the_seconds_never_run_backwards_and_small_differences_do_not_add_up() -> None:
    clocks = TwoClocks()
    aging = AgingClock(clocks)
    began = last = aging.now()
    for turn in range(1000):
        clocks.day += 0.9 if turn % 2 else -0.9
        clocks.ticks += 1
        assert aging.now() == last + 1
        last += 1
    for jump in (5.0, -5.0, 1e9, -1e9, 2.0):
        clocks.day += jump
        assert aging.now() >= last
        last = aging.now()
    for ticks, day in ((-4_000, 1), (-4_000, -100), (-5, -4_000), (9_000, -9_000)):
        clocks.ticks += ticks
        clocks.day += day
        assert aging.now() >= last
        last = aging.now()
    assert last < began + 1e9 + 20_000


def test_a_pause_after_a_failure_passes_while_the_machine_sleeps(clocks: TwoClocks) -> None:
    known = Known(clocks)
    known.down = True
    with pytest.raises(KeysUnavailable):
        known.store.key("key-2")
    known.down, known.key = False, SigningKey("key-2")
    clocks.day += 2
    assert known.store.key("key-2")


def fresh(issuer: Issuer) -> str:
    now = int(time.time())
    return issuer.token(iat=now, exp=now + 300)


def freezegun_at(moment: datetime, *, ticking: bool) -> Any:
    freezegun = pytest.importorskip("freezegun")
    return freezegun.freeze_time(moment, tick=ticking)


def time_machine_at(moment: datetime, *, ticking: bool) -> Any:
    time_machine = pytest.importorskip("time_machine")
    return time_machine.travel(moment, tick=ticking)


@pytest.mark.parametrize("at", [freezegun_at, time_machine_at])
@pytest.mark.parametrize("ticking", [False, True], ids=["frozen", "ticking"])
@pytest.mark.parametrize("year", [2020, 2030])
@pytest.mark.parametrize("was_used", [True, False])
def test_frozen_time(server: JwksServer, at: Any, ticking: bool, year: int, was_used: bool) -> None:
    key = SigningKey()
    server.publish(key)
    issuer = Issuer(server.issuer, key)
    verifier = Verifier(server.issuer)
    today = fresh(issuer)
    if was_used:
        verifier.verify(today)
    with at(datetime(year, 1, 1, tzinfo=timezone.utc), ticking=ticking):
        for each in (verifier, Verifier(server.issuer)):
            token = fresh(issuer)
            auth = each.verify(token)
            assert each.verify(token) is auth
            assert reason(each, issuer.token(iat=0, exp=int(time.time()) - 31)) == "expired"
        rotated = SigningKey("key-2")
        server.publish(key, rotated)
        assert verifier.verify(fresh(Issuer(server.issuer, rotated)))
        settle()
    with at(datetime(year, 1, 1, 1, tzinfo=timezone.utc), ticking=ticking):
        # The cached token has expired by the clock of this moment.
        assert reason(verifier, token) == "expired"
        settle()
    assert verifier.verify(today)
    later = SigningKey("key-3")
    server.publish(key, later)
    assert verifier.verify(fresh(Issuer(server.issuer, later)))
    assert verifier.stats().failures == 0
