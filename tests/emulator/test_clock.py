"""The emulator's clock, which tests move: tokens, records and expiries follow, deliveries don't."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone
from threading import Thread
from typing import Any

import pytest

from torii_backend import InvalidToken, Verifier, create_torii_client
from torii_backend.emulator import Emulator

from .conftest import WATCHDOG, Wire
from .rest.api import api_of, instant

HOUR = 3600
DAY = 24 * HOUR
TEN_YEARS = 3650 * DAY


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def _reason(torii: Emulator, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        Verifier(torii.issuer).verify(token)
    return caught.value.reason


@pytest.mark.parametrize("seconds", [-HOUR, -0.5, 0, HOUR])
def test_tokens_are_issued_at_the_new_time(torii: Emulator, wire: Wire, seconds: float) -> None:
    before = time.time()
    moved = torii.advance(seconds)
    issued = [
        torii.issue_token().access_token,
        wire.post("/_emulator/tokens", {}).json()["accessToken"],
    ]
    after = time.time()
    assert moved.utcoffset() == timedelta()
    assert before <= moved.timestamp() - seconds <= after
    for token in issued:
        claims = wire.verified(token)
        assert math.floor(before + seconds) <= claims["iat"] <= after + seconds
        assert claims["exp"] == claims["iat"] + 300


def test_apps_judge_tokens_by_their_own_clocks(torii: Emulator) -> None:
    earlier = torii.issue_token().access_token
    torii.advance(-HOUR)
    assert _reason(torii, torii.issue_token().access_token) == "expired"
    torii.advance(2 * HOUR)
    assert _reason(torii, torii.issue_token().access_token) == "not_yet_valid"
    assert Verifier(torii.issuer).verify(earlier)
    torii.reset()
    assert Verifier(torii.issuer).verify(torii.issue_token().access_token)


def test_calls_add_up_over_http_as_well(torii: Emulator, wire: Wire) -> None:
    torii.advance(HOUR)
    response = wire.post("/_emulator/clock", {"advance": -0.5 * HOUR})
    assert response.status == 200
    (name, value), *others = response.json().items()
    assert (name, others) == ("now", [])
    for moved in (instant(value), torii.advance(0)):
        assert abs(moved - _utc_now() - timedelta(hours=0.5)) < timedelta(seconds=WATCHDOG)
    assert wire.post("/_emulator/reset").status == 200
    assert abs(torii.advance(0) - _utc_now()) < timedelta(seconds=WATCHDOG)


def test_sessions_and_invitations_expire(torii: Emulator) -> None:
    api = api_of(torii)
    ada = api.user()
    api.sign_in(ada["id"])
    with create_torii_client(torii.secret_key, api_url=torii.api_url) as client:
        invitation = client.invitations.create("grace@example.com")
        torii.advance(7 * DAY - HOUR)
        assert len(api.sessions(ada["id"])) == 1
        assert client.invitations.get(invitation.id).status == "PENDING"
        torii.advance(HOUR + 60)
        assert api.sessions(ada["id"]) == []
        assert client.invitations.get(invitation.id).status == "EXPIRED"
        torii.advance(-HOUR)
        assert len(api.sessions(ada["id"])) == 1


def test_an_impersonation_token_expires(torii: Emulator, wire: Wire) -> None:
    api = api_of(torii)
    ada, operator = api.user(), api.user()

    def token() -> Any:
        body = {"actorUserId": operator["id"], "reason": "", "expiresInSeconds": 60}
        return api.ok("POST", f"/users/{ada['id']}/impersonation-token", body)["token"]

    tokens = [token(), token()]
    for seconds, status in ((30, 200), (31, 401)):
        torii.advance(seconds)
        sent = {"token": tokens.pop()}
        assert wire.post("/_torii/auth/session/impersonate", sent).status == status


def test_records_have_the_new_time(torii: Emulator) -> None:
    api = api_of(torii)
    ada = api.user()
    torii.advance(DAY)
    changed = api.ok("PATCH", f"/users/{ada['id']}", {"name": "Ada"})
    assert instant(changed["updatedAt"]) - instant(ada["createdAt"]) >= timedelta(days=1)
    grace, organization = api.user(), api.organization()
    member = api.join(organization["id"], grace["id"])
    for text in (grace["createdAt"], organization["createdAt"], member["joinedAt"]):
        assert instant(text) - instant(ada["createdAt"]) >= timedelta(days=1)


def test_events_have_the_new_time_but_deliveries_are_signed_now(
    torii: Emulator, wire: Wire
) -> None:
    """A receiver compares the time of the signature with its own clock."""
    nowhere = "http://127.0.0.1:1/"
    torii.advance(DAY)
    ours = torii.send_event("user.created", {}, to=nowhere)
    over_http = wire.post(
        "/_emulator/events", {"type": "user.created", "data": {}, "to": nowhere}
    ).json()
    for event in (ours.event, over_http["event"]):
        assert instant(event["created_at"]) - _utc_now() > timedelta(hours=23)
    for sent_at in (ours.attempts[0].sent_at, instant(over_http["attempts"][0]["sentAt"])):
        assert abs(sent_at - _utc_now()) < timedelta(hours=1)


def test_each_emulator_has_a_clock_of_its_own(torii: Emulator) -> None:
    with Emulator() as other:
        torii.advance(DAY)
        created = api_of(other).user()["createdAt"]
        assert abs(instant(created) - _utc_now()) < timedelta(hours=1)
        assert Verifier(other.issuer).verify(other.issue_token().access_token)


@pytest.mark.parametrize(
    ("moves", "error"),
    [
        ([TEN_YEARS + 1], ValueError),
        ([-TEN_YEARS - 1], ValueError),
        ([TEN_YEARS, 1], ValueError),
        ([1e300], ValueError),
        ([10**400], ValueError),
        ([math.inf], ValueError),
        ([math.nan], ValueError),
        (["60"], TypeError),
        ([None], TypeError),
        ([True], TypeError),
    ],
)
def test_a_move_that_is_refused_changes_nothing(
    torii: Emulator, moves: list[Any], error: type[Exception]
) -> None:
    *good, bad = moves
    for seconds in good:
        torii.advance(seconds)
    before = torii.advance(0)
    with pytest.raises(error, match=r"^seconds must "):
        torii.advance(bad)
    assert torii.advance(0) - before < timedelta(seconds=WATCHDOG)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"advance": 1e300}, "advance must move the time by at most ten years in all."),
        ({"advance": "60"}, "advance"),
        ({"advance": None}, "advance"),
        ({}, "advance"),
        ({"seconds": 60}, "seconds"),
    ],
)
def test_over_http_it_is_a_400(wire: Wire, body: Any, words: str) -> None:
    response = wire.post("/_emulator/clock", body)
    assert response.status == 400
    assert words in response.message


def test_threads_lose_no_move(torii: Emulator) -> None:
    threads = [Thread(target=lambda: [torii.advance(60) for _ in range(20)]) for _ in range(4)]
    before = torii.advance(0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WATCHDOG)
    assert abs(torii.advance(0) - before - timedelta(seconds=4800)) < timedelta(seconds=WATCHDOG)
