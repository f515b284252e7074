"""How long the pause before another try is."""

from __future__ import annotations

import time
from typing import Any, Optional

import pytest

from torii_backend.client._transport.failures import TransportFailure
from torii_backend.client._transport.response import HttpResponse
from torii_backend.client._transport.retry import pause_before_retry


@pytest.fixture(autouse=True)
def _short_backoff() -> None:
    """Keep the real one."""


def _response(status: int, wanted: Optional[str] = None) -> HttpResponse:
    return HttpResponse(status, {} if wanted is None else {"Retry-After": wanted}, b"")


UNSENT = TransportFailure("unsent", "It was refused.")
BROKEN = TransportFailure("broken", "It broke.")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("55", 55.0),
        ("60", 60.0),
        ("61", 54.0),
        ("86400", 54.0),
        ("9" * 30, 54.0),
        ("9" * 400, 54.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 54.0),
        ("Friday, 31-Dec-68 23:59:59 GMT", 54.0),
    ],
)
def test_the_server_decides_within_a_minute(status: int, wanted: str, seconds: float) -> None:
    for _ in range(20):
        pause = pause_before_retry(True, _response(status, wanted), 1)
        assert pause is not None and seconds <= pause <= min(seconds / 0.9, 60)


def test_clients_do_not_come_back_at_the_same_time() -> None:
    for wanted in ("30", "3600"):
        pauses = {pause_before_retry(True, _response(429, wanted), 1) for _ in range(20)}
        assert len(pauses) > 10


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_a_date_is_in_utc(monkeypatch: pytest.MonkeyPatch, zone: str, form: str) -> None:
    """RFC 9110 section 5.6.7, whatever the time zone here is."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        wanted = time.strftime(form, time.gmtime(time.time() + 40))
        pause = pause_before_retry(False, _response(429, wanted), 1)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert pause is not None and 10 < pause <= 44


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "0",
        "00",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "-1",
        "1.5",
        "soon",
        "٣",
        "1, 2",
        "Fri, 99 Foo 2020 00:00:00 GMT",
        "\x00",
    ],
)
def test_without_a_usable_word_it_backs_off(wanted: Optional[str]) -> None:
    for status in (429, 503):
        pause = pause_before_retry(True, _response(status, wanted), 2)
        assert pause is not None and 0.25 <= pause <= 0.5


@pytest.mark.parametrize("outcome", [_response(503), _response(429), UNSENT, BROKEN])
@pytest.mark.parametrize(
    ("tries", "longest"),
    [(1, 0.25), (2, 0.5), (3, 1), (4, 2), (5, 4), (6, 8), (7, 8), (5000, 8)],
)
def test_it_doubles_up_to_eight_seconds_with_jitter(
    outcome: Any, tries: int, longest: float
) -> None:
    pauses = [pause_before_retry(True, outcome, tries) for _ in range(200)]
    assert all(pause is not None and longest / 2 <= pause <= longest for pause in pauses)
    spread = [pause or 0 for pause in pauses]
    assert max(spread) - min(spread) > longest / 4


@pytest.mark.parametrize("outcome", [_response(503), BROKEN])
def test_it_may_have_been_done(outcome: Any) -> None:
    assert pause_before_retry(False, outcome, 1) is None


@pytest.mark.parametrize("outcome", [_response(429), UNSENT])
def test_it_was_surely_not_done(outcome: Any) -> None:
    assert pause_before_retry(False, outcome, 1) is not None
