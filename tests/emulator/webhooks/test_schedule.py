"""When deliveries are sent, in which order, and what is bounded. No clock, no socket."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Optional

import pytest

from torii_backend.emulator import DeliveryAttempt
from torii_backend.emulator.webhooks.schedule import (
    MAX_FINISHED,
    MAX_URLS,
    MAX_WAITING,
    RETRY_SECONDS,
    Job,
    Schedule,
)

URL, OTHER = "http://127.0.0.1:1/", "http://127.0.0.1:2/"
MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def _attempt(status: Optional[int]) -> DeliveryAttempt:
    return DeliveryAttempt(MOMENT, 0.1, status, "", None)


def _schedule(*names: str, fault: Any = None, urls: tuple[str, ...] = (URL,)) -> Schedule:
    schedule = Schedule()
    for url in urls:
        schedule.register(url)
    if fault is not None:
        schedule.stage(fault)
    for name in names:
        schedule.add({"type": name}, 0.0)
    return schedule


def _next(schedule: Schedule, now: float = 0.0, url: str = URL) -> Job:
    job = schedule.next(url, now).job
    assert job is not None
    return job


def _sent(schedule: Schedule, *, status: int = 200, now: float = 0.0) -> list[str]:
    """Send all that is due. Return the types."""
    sent: list[str] = []
    while True:
        job = schedule.next(URL, now).job
        if job is None:
            return sent
        sent.append(job.event["type"])
        schedule.record(job, _attempt(status), now)


def test_events_are_sent_in_order() -> None:
    schedule = _schedule("a", "b")
    assert _sent(schedule) == ["a", "b"]
    assert schedule.is_finished()
    assert [each.state for each in schedule.deliveries()] == ["delivered", "delivered"]
    assert schedule.next(URL, 0.0) == (None, None)


@pytest.mark.parametrize("status", [500, 404, 302, 199, 300, None])
def test_a_failure_is_tried_again_and_holds_back_what_follows(status: Optional[int]) -> None:
    schedule = _schedule("a", "b")
    now = 100.0
    first = _next(schedule, now)
    for seconds in RETRY_SECONDS:
        schedule.record(first, _attempt(status), now)
        assert schedule.next(URL, now) == (None, seconds)
        assert schedule.next(URL, now, hurry=True).job is first
        now += seconds
        assert _next(schedule, now) is first
    schedule.record(first, _attempt(status), now)
    assert _sent(schedule, now=now) == ["b"]
    failed, delivered = schedule.deliveries()
    assert (failed.state, len(failed.attempts)) == ("failed", 1 + len(RETRY_SECONDS))
    assert (delivered.state, len(delivered.attempts)) == ("delivered", 1)


def test_each_url_has_a_queue_and_ids_of_its_own() -> None:
    schedule = _schedule("a", urls=(URL, OTHER))
    first, second = _next(schedule), _next(schedule, url=OTHER)
    assert first.id != second.id
    schedule.record(first, _attempt(500), 0.0)
    schedule.record(second, _attempt(200), 0.0)
    assert [each.state for each in schedule.deliveries()] == ["delivered", "pending"]


def test_a_duplicate_keeps_its_id() -> None:
    schedule = _schedule("a", fault="duplicate")
    assert _sent(schedule) == ["a", "a"]
    (delivery,) = schedule.deliveries()
    assert (delivery.state, len(delivery.attempts)) == ("delivered", 2)


def test_an_event_changes_places_with_the_one_after_it() -> None:
    schedule = _schedule("a", fault="reorder")
    assert schedule.next(URL, 0.0) == (None, 5.0)
    for name in ("b", "c"):
        schedule.add({"type": name}, 1.0)
    assert _sent(schedule, now=1.0) == ["b", "a", "c"]


def test_an_event_is_not_held_back_for_ever() -> None:
    schedule = _schedule("a", fault="reorder")
    job = _next(schedule, now=5.0)
    schedule.add({"type": "b"}, 5.0)
    schedule.record(job, _attempt(200), 5.0)
    assert _sent(schedule, now=5.0) == ["b"]


@pytest.mark.parametrize("fault", ["late", "bad_signature", "cut_body"])
def test_a_fault_is_for_one_attempt_of_one_event(fault: str) -> None:
    schedule = _schedule("a", "b", fault=fault)
    job = _next(schedule)
    assert job.fault == fault
    schedule.record(job, _attempt(400), 0.0)
    assert _next(schedule, RETRY_SECONDS[0]).fault is None
    schedule.record(job, _attempt(200), 0.0)
    assert _next(schedule).fault is None


def test_an_event_without_urls_is_not_kept_and_takes_no_fault() -> None:
    schedule = _schedule("a", fault="late", urls=())
    assert (schedule.deliveries(), schedule.is_finished()) == ([], True)
    schedule.register(URL)
    schedule.add({"type": "b"}, 0.0)
    assert _next(schedule).fault == "late"


def test_one_worker_for_each_url() -> None:
    schedule = _schedule("a", urls=(URL, OTHER))
    assert schedule.start_work() == [URL, OTHER]
    assert schedule.start_work() == []
    schedule.end_work(URL)
    assert schedule.start_work() == [URL]


def test_nothing_grows_without_bound() -> None:
    schedule = _schedule(*["a"] * (MAX_WAITING + 1))
    states = [each.state for each in schedule.deliveries()]
    assert states == ["dropped", *["pending"] * MAX_WAITING]
    _sent(schedule)
    schedule.add({"type": "b"}, 0.0)
    _sent(schedule)
    assert len(schedule.deliveries()) == MAX_FINISHED
    assert schedule.deliveries()[-1].event == {"type": "b"}
    for number in range(MAX_URLS - 1):
        schedule.register(f"{URL}{number}")
    schedule.register(URL)
    with pytest.raises(ValueError, match=r"url must be one of at most 16"):
        schedule.register(OTHER)
    for _ in range(100):
        schedule.stage("late")
    with pytest.raises(ValueError, match=r"fault must be one of at most 100"):
        schedule.stage("late")
