"""Tri-state for any choice of fields: given is sent, None is null, and nothing else is there."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tests.support.fuzzing import any_json, fuzz
from torii_backend import ToriiUpdateUserInput
from torii_backend.client import ToriiClient

from .conftest import KEY
from .documents import USER
from .records import page
from .server import ApiServer, as_json
from .wire import camel

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMESTAMPS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001

texts = st.none() | st.sampled_from(["", "0", "null"]) | st.text(max_size=20)
metadata = st.dictionaries(st.text(max_size=5), any_json, max_size=4)
days = st.none() | st.dates()
lists = st.lists(st.text(max_size=10), max_size=4)
ids = st.text(max_size=5) | st.uuids()

PROFILE = dict.fromkeys(("first_name", "last_name", "name", "phone", "address"), texts)
METADATA = dict.fromkeys(("public_metadata", "private_metadata", "unsafe_metadata"), metadata)
UPDATE = {**PROFILE, "locale": texts, "date_of_birth": days, "unsafe_metadata": metadata}
CREATE = {**PROFILE, **METADATA, "email": texts, "password": texts, "date_of_birth": days}
SEARCH = {
    "name": texts,
    "email": texts,
    "user_ids": st.lists(ids, max_size=4),
    "email_addresses": lists,
    "statuses": lists,
    "created_after": st.none() | TIMESTAMPS,
    "created_before": st.none() | TIMESTAMPS,
    "organization_id": st.none() | ids,
}


def chosen(fields: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give keywords: each field is left out, cleared where it can be, or set."""
    return st.fixed_dictionaries({}, optional=fields)


@pytest.fixture(scope="module")
def recorder() -> Iterator[ApiServer]:
    server = ApiServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def client(recorder: ApiServer) -> Iterator[ToriiClient]:
    with ToriiClient(KEY, api_url=recorder.url, max_retries=0) as client:
        yield client


def in_json(value: Any) -> Any:
    """Give what a keyword is in JSON."""
    if isinstance(value, list):
        return [in_json(item) for item in value]
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def sent(recorder: ApiServer) -> dict[str, Any]:
    """Give the body of the only request since the last look."""
    (request,) = recorder.requests
    recorder.requests.clear()
    body: dict[str, Any] = request.json
    return body


@fuzz
@given(keywords=chosen(UPDATE))
def test_an_update_sends_what_it_is_given(
    recorder: ApiServer, client: ToriiClient, keywords: dict[str, Any]
) -> None:
    recorder.respond_with(as_json(USER))
    wanted = {camel(name): in_json(value) for name, value in keywords.items()}
    before = deepcopy(keywords)

    client.users.update("u1", **keywords)
    assert sent(recorder) == wanted
    client.users.update("u1", ToriiUpdateUserInput(**keywords))
    assert sent(recorder) == wanted

    assert keywords == before


@fuzz
@given(keywords=chosen(CREATE))
def test_a_creation_sends_what_it_is_given(
    recorder: ApiServer, client: ToriiClient, keywords: dict[str, Any]
) -> None:
    recorder.respond_with(as_json(USER, 201))
    before = deepcopy(keywords)
    client.users.create(**keywords)
    assert sent(recorder) == {camel(name): in_json(value) for name, value in keywords.items()}
    assert keywords == before


class Text(str):
    """As template engines mark what is safe."""

    __slots__ = ()

    def __str__(self) -> str:
        return "worded otherwise"


class Number(int):
    """As some libraries have their own."""


class Fraction(float):
    """As those of NumPy are."""


def test_subclasses_are_sent_as_what_they_are(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(USER))
    metadata = {"plan": Text("pro"), "seats": [Number(3)], "rate": Fraction(0.5), Text("key"): 1}
    torii.users.update("u1", name=Text("Ada"), unsafe_metadata=metadata)
    torii.request("POST", "/things", body=Text("Ada"))
    plain = {"plan": "pro", "seats": [3], "rate": 0.5, "key": 1}
    assert server.requests[0].json == {"name": "Ada", "unsafeMetadata": plain}
    assert server.requests[1].json == "Ada"


@fuzz
@given(keywords=chosen(METADATA))
def test_a_merge_sends_the_bags_that_it_is_given(
    recorder: ApiServer, client: ToriiClient, keywords: dict[str, Any]
) -> None:
    recorder.respond_with(as_json(USER))
    before = deepcopy(keywords)
    client.users.update_metadata("u1", **keywords)
    assert sent(recorder) == {camel(name): value for name, value in keywords.items()}
    assert keywords == before


@fuzz
@given(keywords=chosen(SEARCH))
def test_a_search_sends_the_filters_that_it_is_given(
    recorder: ApiServer, client: ToriiClient, keywords: dict[str, Any]
) -> None:
    recorder.respond_with(as_json(page()))
    wanted = {camel(name): in_json(value) for name, value in keywords.items()}
    for search in (client.users.list, lambda **filters: list(client.users.iterate(**filters))):
        search(**keywords)
        body = sent(recorder)
        for name in ("createdAfter", "createdBefore"):
            if body.get(name) is not None:
                timestamps = [
                    datetime.fromisoformat(text[name].replace("Z", "+00:00"))
                    for text in (body, wanted)
                ]
                assert timestamps[0] == timestamps[1]
                body[name] = wanted[name]
        assert body == wanted


def test_an_argument_that_is_unset_is_left_out(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(USER))
    torii.users.update("u1", name="Ada", phone=UNSET, unsafe_metadata=UNSET)
    torii.users.update("u1", ToriiUpdateUserInput(name="Ada", phone=UNSET))
    torii.users.update("u1", ToriiUpdateUserInput(name="Ada"), phone=UNSET)
    assert [request.json for request in server.requests] == [{"name": "Ada"}] * 3


def test_read_only_and_unordered_collections_can_be_sent(
    server: ApiServer, torii: ToriiClient
) -> None:
    server.respond_with(as_json(page()))
    torii.users.list(
        user_ids=("u1",), email_addresses={"a@example.com"}, statuses={"active": 1}.keys()
    )
    server.respond_with(as_json(USER))
    torii.users.update(
        "u1", unsafe_metadata=MappingProxyType({"a": MappingProxyType({"b": (1, 2)})})
    )
    assert [request.json for request in server.requests] == [
        {"userIds": ["u1"], "emailAddresses": ["a@example.com"], "statuses": ["active"]},
        {"unsafeMetadata": {"a": {"b": [1, 2]}}},
    ]


def test_a_day_may_be_written_out(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(USER))
    torii.users.update("u1", date_of_birth="1815-12-10")
    torii.users.update("u1", ToriiUpdateUserInput(date_of_birth="1815-12-10"))
    assert [request.json for request in server.requests] == [{"dateOfBirth": "1815-12-10"}] * 2
