"""Events about users revoke their access tokens."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Optional

import msgspec
import pytest

from tests.events.deliveries import SECRET, event
from torii_backend import ConfigurationError, Event, Events, Revocations, ToriiConnectionError

CREATED = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Noting:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, datetime]] = []

    def revoke(self, user_id: str, *, at: datetime) -> None:
        if not isinstance(user_id, str):
            raise TypeError
        self.told.append((user_id, at))


def created(kind: str, data: Any, at: Optional[datetime] = CREATED) -> Event:
    return msgspec.structs.replace(
        event(kind, data=data, delivery_id=f"{kind}{data}"), created_at=at
    )


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("user.banned", {"id": "user_ada"}),
        ("user.deleted", {"id": "user_ada"}),
        ("session.revoked", {"id": "ses_1", "user_id": "user_ada"}),
        ("session.revoked", {"id": "ses_1", "userId": "user_ada"}),
        ("session.revoked", {"id": "ses_1", "user": {"id": "user_ada"}}),
        ("organization.member_removed", {"id": "org_1", "user_id": "user_ada"}),
    ],
)
def test_the_time_is_that_of_the_event(noting: Noting, kind: str, data: Any) -> None:
    events = Events(SECRET)
    events.feed(noting)
    assert events.dispatch(created(kind, data)) == "ok"
    assert noting.told == [("user_ada", CREATED)]


def test_without_a_time_it_is_that_of_the_delivery(noting: Noting) -> None:
    events = Events(SECRET)
    events.feed(noting)
    undated = created("user.banned", {"id": "user_ada"}, at=None)
    events.dispatch(undated)
    assert noting.told == [("user_ada", undated.sent_at)]


def test_you_choose_the_types(noting: Noting) -> None:
    events = Events(SECRET)
    events.feed(noting, types={"role.*"})
    for kind in ("user.banned", "role.changed"):
        events.dispatch(created(kind, {"user_id": "user_ada"}))
    assert noting.told == [("user_ada", CREATED)]
    assert events.stats() == {"ok": 2, "unhandled": 1}


@pytest.mark.parametrize("data", [None, [], "x", {}, {"user_id": 5}, {"user": "x"}, {"id": ""}])
def test_events_without_a_user_are_counted(data: Any) -> None:
    events, revocations = Events(SECRET), Revocations()
    events.feed(revocations)
    assert events.dispatch(created("user.banned", data)) == "ok"
    assert events.dispatch(created("session.revoked", {"id": "ses_1"})) == "ok"
    assert events.stats() == {"ok": 2, "not_revoked": 2}
    assert revocations.stats().entries == 0


def test_the_sender_tries_again_if_the_store_is_away() -> None:
    class Away:
        def revoke(self, user_id: str, *, at: datetime) -> None:
            raise ToriiConnectionError(f"{user_id} {at}")

    events = Events(SECRET)
    events.feed(Away())
    for _ in range(2):
        with pytest.raises(ToriiConnectionError):
            events.dispatch(created("user.banned", {"id": "user_ada"}))


def test_wrong_arguments(noting: Noting) -> None:
    events = Events(SECRET)
    for wrong in (None, Revocations, "redis://127.0.0.1"):
        with pytest.raises(ConfigurationError, match=r"^revocations must be an object, such as R"):
            events.feed(wrong)  # type: ignore[arg-type]
    for types in ("user.banned", 5):
        with pytest.raises(ConfigurationError, match=r"^types must be a collection, such as {"):
            events.feed(noting, types=types)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^on must be called with types"):
        events.feed(noting, types=[])
