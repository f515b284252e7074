"""Event: what it has, and how it travels."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timezone
from typing import Any, Optional

import msgspec
import pytest

from tests.events.deliveries import SECRET, body, event, signed
from torii_backend import Event, InvalidWebhook, verify_webhook


class User(msgspec.Struct):
    id: str
    roles: list[str] = []


def received(payload: bytes) -> Event:
    return verify_webhook(secret=SECRET, headers=signed(payload), payload=payload)


def test_an_event_has_what_the_body_has() -> None:
    found = received(body("user.created", extra=[1]))
    assert (found.type, found.id, found.data) == ("user.created", "evt_1", {"id": "user_ada"})
    assert found.raw["extra"] == [1]
    assert found.sent_at.tzinfo is timezone.utc


def test_without_an_id_or_data_of_its_own() -> None:
    found = received(b'{"type":"ping"}')
    assert (found.id, found.delivery_id, found.data) == ("msg_1", "msg_1", None)


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


SPELLINGS = ["2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00"]
MOMENTS: list[tuple[Any, Optional[datetime]]] = [
    *[(text, NOON) for text in SPELLINGS],
    *[(1767268800, NOON), (1767268800.0, NOON), (1767268800000, NOON)],
    *[("yesterday", None), (True, None), (None, None), ({}, None), (10**400, None), (1e308, None)],
]


@pytest.mark.parametrize(("value", "moment"), MOMENTS, ids=repr)
@pytest.mark.parametrize("name", ["created_at", "timestamp"])
def test_created_at(name: str, value: Any, moment: Optional[datetime]) -> None:
    assert (
        Event.from_dict({**event().as_dict(), "raw": {"type": "a", name: value}}).created_at
        == moment
    )


def test_it_travels_as_json_and_by_pickle() -> None:
    found = received(body(created_at="2026-01-01T12:00:00Z"))
    assert Event.from_dict(json.loads(json.dumps(found.as_dict()))) == found
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


@pytest.mark.parametrize("bad", [{}, None, {"raw": {}}, {**event().as_dict(), "raw": {"type": 1}}])
def test_what_is_no_event_cannot_be_read(bad: Any) -> None:
    with pytest.raises(InvalidWebhook) as refusal:
        Event.from_dict(bad)
    assert refusal.value.reason == "malformed_body"


def test_repr_shows_no_data() -> None:
    assert "user_ada" not in repr(received(body()))


def test_data_as_your_own_type() -> None:
    assert event(data={"id": "user_ada", "more": 1}).data_as(User) == User("user_ada")


@pytest.mark.parametrize(
    ("data", "member"),
    [({}, "id"), ({"id": 7}, "id"), ({"id": "a", "roles": ["x", 1]}, "roles[1]"), ([], None)],
)
def test_data_that_does_not_fit_names_the_member(data: Any, member: Optional[str]) -> None:
    with pytest.raises(InvalidWebhook) as refusal:
        event(data=data).data_as(User)
    assert (refusal.value.reason, refusal.value.member) == ("invalid_data", member)
    assert member is None or str(refusal.value).endswith(f": {member}.")
