"""Real tokens while a test stops the clock: both libraries, frozen and ticking, past and future."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta, timezone
from typing import Callable

import freezegun
import pytest
import time_machine

from tests.emulator.conftest import WATCHDOG
from tests.emulator.rest.api import api_of
from tests.emulator.webhooks.endpoint import Endpoint
from torii_backend import InvalidToken, KeysUnavailable, Verifier
from torii_backend.testing.torii_fixture import ToriiFixture

PRODUCTION = "https://acme.torii.so"
PAST, FUTURE = (datetime(year, 6, 1, tzinfo=timezone.utc) for year in (2020, 2030))
EARLY = Verifier(PRODUCTION)

Travel = Callable[[datetime], AbstractContextManager[object]]


@pytest.fixture(params=["freezegun", "freezegun ticks", "time-machine", "time-machine ticks"])
def travel(request: pytest.FixtureRequest) -> Travel:
    library, _, ticks = request.param.partition(" ")
    if library == "freezegun":
        return lambda at: freezegun.freeze_time(at, tick=bool(ticks))
    return lambda at: time_machine.travel(at, tick=bool(ticks))


@pytest.mark.parametrize("year", [PAST, FUTURE], ids=["2020", "2030"])
def test_fresh_tokens_verify_and_older_ones_expire(
    torii: ToriiFixture, travel: Travel, year: datetime
) -> None:
    torii.stand_in_for(PRODUCTION)
    today = torii.token()
    with travel(year):
        for verifier in (EARLY, Verifier(PRODUCTION)):
            token = torii.token("ada")
            assert verifier.verify(token).user_id == "ada"
            torii.rotate_keys()
            assert verifier.verify(torii.token("bob")).user_id == "bob"
        if year is FUTURE:
            with pytest.raises(InvalidToken, match="expired"):
                EARLY.verify(today)
    with travel(year + timedelta(minutes=10)):
        with pytest.raises(InvalidToken, match="expired"):
            EARLY.verify(token)
        assert EARLY.verify(torii.token())
    assert EARLY.verify(torii.token())


def test_users_and_their_events(torii: ToriiFixture, travel: Travel) -> None:
    with closing(Endpoint()) as endpoint:
        torii.webhooks.register(endpoint.url)
        with travel(PAST):
            assert api_of(torii).user()["createdAt"].startswith("2020-06-01T00:00")
            assert endpoint.arrived.wait(WATCHDOG)
            (delivery,) = torii.webhooks.finish()
            assert delivery.attempts[0].sent_at.year == 2020
            event = endpoint.received[0].event(torii.webhooks.secret)
    assert (event.sent_at.year, event.type) == (2020, "user.created")


def test_keys_are_fetched_over_http_too(torii: ToriiFixture, travel: Travel) -> None:
    with travel(PAST):
        outage = torii.outage("error")
        with pytest.raises(KeysUnavailable):
            Verifier(torii.issuer).verify(torii.token())
        with outage:
            pass
        assert Verifier(torii.issuer).verify(torii.token())
