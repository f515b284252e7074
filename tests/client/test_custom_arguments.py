"""Bodies, queries and timeouts of calls: sent as they are meant, or refused before that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
import pytest

from torii_backend.client import ToriiClient

from .records import USER_ID, page, user
from .server import ApiServer, as_json


@dataclass
class Thing:
    """A body of the caller's."""

    size: Any


class Wrapped(msgspec.Struct):
    """A body of the caller's, with another within."""

    thing: Thing


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


class Moment(datetime):
    """As pendulum, pandas and freezegun have it, with methods of their own."""

    def isoformat(self, *_: Any, **__: Any) -> str:
        return "soon"

    def date(self) -> Any:
        return "today"

    def timetz(self) -> Any:
        return "now"


class Day(date):
    """Likewise."""

    isoformat = Moment.isoformat


class Id(UUID):
    """As asyncpg has it."""


class TestSubclasses:
    """Subclasses of what JSON can express are sent as what they are."""

    @pytest.mark.parametrize("zone", [timezone.utc, timezone(timedelta(hours=2))])
    def test_a_datetime(self, server: ApiServer, torii: ToriiClient, zone: Any) -> None:
        server.respond_with(as_json(page()))
        moment = Moment(2026, 10, 25, 2, 30, 1, 250, tzinfo=zone, fold=1)
        torii.users.list(created_after=moment, created_before=moment)
        sent = server.requests[0].json
        assert datetime.fromisoformat(sent["createdAfter"].replace("Z", "+00:00")) == moment
        assert sent["createdBefore"] == sent["createdAfter"]

    def test_others(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json(user()))
        day, moment = Day(2026, 1, 2), Moment(2026, 1, 2, tzinfo=timezone.utc)
        known: dict[Any, Any] = {"a": [moment, {"b": day}], "c": Id(USER_ID), moment: 1}
        torii.users.update(USER_ID, date_of_birth=day, unsafe_metadata=known)
        torii.request("POST", "/things", body={"at": moment, "on": day})
        update, custom = server.requests
        assert update.json["dateOfBirth"] == "2026-01-02"
        assert update.json["unsafeMetadata"]["a"] == ["2026-01-02T00:00:00Z", {"b": "2026-01-02"}]
        assert update.json["unsafeMetadata"]["c"] == USER_ID
        assert custom.json == {"at": "2026-01-02T00:00:00Z", "on": "2026-01-02"}

    def test_one_without_an_offset_is_refused(self, torii: ToriiClient) -> None:
        with pytest.raises(ValueError, match="created_after"):
            torii.users.list(created_after=Moment(2026, 1, 2))


class TestBody:
    @pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
    def test_a_number_that_would_be_sent_as_null_is_refused(
        self, server: ApiServer, torii: ToriiClient, number: float
    ) -> None:
        """In a metadata metadata, null deletes."""
        for call in (
            lambda: torii.users.update_metadata(USER_ID, public_metadata={"a": number}),
            lambda: torii.users.update(USER_ID, unsafe_metadata={"a": [{"b": (number,)}]}),
            lambda: torii.invitations.create("a@b.c", private_metadata={"a": number}),
            lambda: torii.request("PATCH", "/things", body=number),
            lambda: torii.request("PATCH", "/things", body={"a": {number}}),
            lambda: torii.request("PATCH", "/things", body=Thing(number)),
            lambda: torii.request("PATCH", "/things", body=[Thing([number])]),
            lambda: torii.request("PATCH", "/things", body=Wrapped(Thing({"a": number}))),
        ):
            with pytest.raises(ValueError, match=r"NaN and infinity can.t be represented in JSON"):
                call()
        assert server.connections == 0

    @pytest.mark.parametrize("body", [CYCLE, {"a": CYCLE}, "\ud800", {"\ud800": 1}])
    def test_what_has_no_form_in_json_is_refused(
        self, server: ApiServer, torii: ToriiClient, body: Any
    ) -> None:
        with pytest.raises(ValueError, match=r"^body can.t be sent: .*\.$"):
            torii.request("POST", "/things", body=body)
        assert server.connections == 0

    @pytest.mark.parametrize("body", [object(), {"a": object()}, {None: 1}, Thing(object())])
    def test_what_is_of_no_type_in_json_is_refused(
        self, server: ApiServer, torii: ToriiClient, body: Any
    ) -> None:
        with pytest.raises(TypeError):
            torii.request("POST", "/things", body=body)
        assert server.connections == 0

    def test_a_name_with_line_ends_stays_within_its_json(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        server.respond_with(as_json(user()))
        torii.users.create(name='"}\r\n\r\nDELETE / HTTP/1.1\r\n\0')
        [request] = server.requests
        assert request.json == {"name": '"}\r\n\r\nDELETE / HTTP/1.1\r\n\0'}


class TestQuery:
    @pytest.mark.parametrize(
        "query", [{"a": 1}, {"a": b"x"}, {"a": [1]}, {1: "x"}, "a=b", [("a", "b")]]
    )
    def test_what_is_not_text_is_refused(
        self, server: ApiServer, torii: ToriiClient, query: Any
    ) -> None:
        with pytest.raises(TypeError, match=r"\.$"):
            torii.request("GET", "/things", query=query)
        assert server.connections == 0

    @pytest.mark.parametrize("query", [{"\ud800": "x"}, {"a": "\ud800"}, {"a": ["x", "\udfff"]}])
    def test_what_is_not_unicode_is_refused(
        self, server: ApiServer, torii: ToriiClient, query: Any
    ) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            torii.request("GET", "/things", query=query)
        assert server.connections == 0

    def test_it_cannot_break_out(self, server: ApiServer, torii: ToriiClient) -> None:
        query = {"a&b=c#": "d&e=f#?\r\nX-Injected: 1\0é"}
        torii.request("GET", "/things", query=query)
        [request] = server.requests
        assert dict(parse_qsl(request.query, strict_parsing=True)) == query
        assert "X-Injected" not in request.headers


@pytest.mark.parametrize("limit", [True, "5", 1.5, float("nan"), []])
def test_a_limit_of_another_type_is_refused(
    server: ApiServer, torii: ToriiClient, limit: Any
) -> None:
    with pytest.raises(TypeError, match=r"^limit must be an int, such as 50\.$"):
        torii.users.list(limit=limit)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        (10**400, ValueError),
        ((5, 0), ValueError),
        ((float("nan"), 5), ValueError),
        (True, TypeError),
        ("5", TypeError),
        ([5, 5], TypeError),
        ((5, None), TypeError),
        ((1, 2, 3), TypeError),
        ((), TypeError),
    ],
)
def test_a_timeout_of_a_call_is_checked(
    server: ApiServer, torii: ToriiClient, timeout: Any, error: type[Exception]
) -> None:
    for call in (
        lambda: torii.users.get(USER_ID, timeout=timeout),
        lambda: torii.users.iterate(timeout=timeout),
        lambda: torii.request("GET", "/things", timeout=timeout),
    ):
        with pytest.raises(error, match=r"^timeout must be .*\.$"):
            call()
    assert server.connections == 0
