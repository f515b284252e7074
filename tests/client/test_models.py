"""Answers as structs: what survives, what is refused, and what a repr shows."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest

from torii_backend import ToriiUpdateUserInput
from torii_backend.client import AsyncToriiClient, InvalidResponse, ToriiClient

from .conftest import KEY
from .documents import (
    IMPERSONATION_TOKEN,
    INVITATION,
    INVITATION_DETAIL,
    LATER,
    MEMBER,
    ORGANIZATION,
    ORIGINS,
    SESSION,
    TIMESTAMP,
    USER,
    USER_ORGANIZATION,
)
from .operations import OPERATIONS, Operation
from .records import page
from .server import ApiServer, as_json
from .wire import snake

WITH_BODY = [operation for operation in OPERATIONS if operation.response is not None]
RECORDS = {
    "User": ("getUser", USER),
    "Session": ("listSessions", SESSION),
    "Organization": ("getOrganization", ORGANIZATION),
    "OrganizationMember": ("updateMemberMetadata", MEMBER),
    "UserOrganization": ("listUserOrganizations", USER_ORGANIZATION),
    "Invitation": ("resendInvitation", INVITATION),
    "InvitationDetail": ("getInvitation", INVITATION_DETAIL),
    "ImpersonationToken": ("mintImpersonationToken", IMPERSONATION_TOKEN),
    "AllowedOrigins": ("getAllowedOrigins", ORIGINS),
}
REQUIRED = {
    "User": "id environmentId status createdAt updatedAt publicMetadata privateMetadata unsafeMetadata",
    "Session": "id userId environmentId createdAt expiresAt lastUsedAt",
    "Organization": "id name createdAt publicMetadata privateMetadata",
    "OrganizationMember": "organizationId userId role joinedAt publicMetadata privateMetadata",
    "UserOrganization": "organizationId name role joinedAt publicMetadata privateMetadata",
    "Invitation": "id environmentId email status expiresAt createdAt",
    "InvitationDetail": "id environmentId email status expiresAt createdAt publicMetadata privateMetadata",
    "ImpersonationToken": "token expiresInSeconds",
    "AllowedOrigins": "origins",
}
PERSONAL = [
    "secret",  # part of every metadata value
    "ada@example.com",
    "Ada",
    "Lovelace",
    "Analytical",
    "one-time-token",
    "203.0.113.9",
    "Netscape",
]


def ask(name: str, document: Any, server: ApiServer, torii: ToriiClient) -> Any:
    """Give what the client makes of one record in the response to an operation."""
    operation = next(operation for operation in OPERATIONS if operation.name == RECORDS[name][0])
    listed = isinstance(operation.response, list)
    paged = isinstance(operation.response, dict) and "items" in operation.response
    server.respond_with(
        as_json([document] if listed else page(document, document) if paged else document)
    )
    value = operation.call(torii)
    return value[0] if listed else value.items[0] if paged else value


def in_wire_form(value: Any) -> Any:
    """Give a field as the wire has it, but for the way of writing a timestamp."""
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_every_published_field(
    name: str, server: ApiServer, torii: ToriiClient
) -> None:
    document = RECORDS[name][1]
    record = ask(name, document, server, torii)
    assert type(record).__name__ == name
    assert set(record.__struct_fields__) == {snake(field) for field in document}
    for field, sent in document.items():
        value = getattr(record, snake(field))
        if isinstance(value, datetime):
            assert value.utcoffset() is not None
            assert value == datetime.fromisoformat(sent.replace("Z", "+00:00"))
        else:
            assert in_wire_form(value) == sent


@pytest.mark.parametrize("name", RECORDS)
def test_fields_that_may_be_missing_are_none(
    name: str, server: ApiServer, torii: ToriiClient
) -> None:
    document = RECORDS[name][1]
    required = REQUIRED[name].split()
    optional = document.keys() - required
    for bare in (
        {field: document[field] for field in required},
        {**document, **dict.fromkeys(optional)},
    ):
        record = ask(name, bare, server, torii)
        assert all(getattr(record, snake(field)) is None for field in optional)
        assert all(getattr(record, snake(field)) is not None for field in required)


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name in RECORDS for field in REQUIRED[name].split()]
)
def test_a_required_field_that_is_missing_is_named(
    name: str, field: str, server: ApiServer, torii: ToriiClient
) -> None:
    document = RECORDS[name][1]
    for broken in ({k: v for k, v in document.items() if k != field}, {**document, field: None}):
        with pytest.raises(InvalidResponse, match=field) as refusal:
            ask(name, broken, server, torii)
        assert refusal.value.status == 200


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_new_fields_are_ignored_and_stay_in_the_raw_response(
    operation: Operation, server: ApiServer, torii: ToriiClient
) -> None:
    server.respond_with(as_json(operation.response))
    known = operation.call(torii)
    document = operation.response
    items = document if isinstance(document, list) else document.get("items", [document])
    more = [{**item, "shoeSize": 44, "nested": {"new": [1, None]}} for item in items]
    if isinstance(document, list):
        document = more
    elif "items" in document:
        document = {**document, "items": more, "total": 1}
    else:
        (document,) = more
    server.respond_with(as_json(document))
    assert operation.call(torii) == known
    raw = operation.call(torii.with_raw_response)
    assert raw.value == known
    assert b"shoeSize" in raw.body


def test_words_that_are_not_known_yet_survive(server: ApiServer, torii: ToriiClient) -> None:
    user = ask("User", {**USER, "status": "hibernating", "locale": "tlh"}, server, torii)
    assert (user.status, user.locale) == ("hibernating", "tlh")
    assert type(user.status) is str
    invitation = ask("Invitation", {**INVITATION, "status": "LOST"}, server, torii)
    assert invitation.status == "LOST"
    member = ask("OrganizationMember", {**MEMBER, "role": "org:new"}, server, torii)
    assert member.role == "org:new"


def test_one_new_word_does_not_spoil_a_page(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(page(USER, {**USER, "status": "hibernating"})))
    assert [user.status for user in torii.users.list().items] == ["active", "hibernating"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-01T12:30:00Z", datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)),
        (
            "2026-03-01T12:30:00.123456789Z",
            datetime(2026, 3, 1, 12, 30, 0, 123457, tzinfo=timezone.utc),
        ),
        (
            "2026-03-01T12:30:00.5-05:30",
            datetime(
                2026, 3, 1, 12, 30, 0, 500000, tzinfo=timezone(-timedelta(hours=5, minutes=30))
            ),
        ),
    ],
)
def test_moments_are_aware(
    written: str, read: datetime, server: ApiServer, torii: ToriiClient
) -> None:
    user = ask("User", {**USER, "createdAt": written}, server, torii)
    assert user.created_at.utcoffset() is not None
    assert user.created_at == read


@pytest.mark.parametrize("written", ["2026-03-01T12:30:00", "2026-03-01", "yesterday", 1772323200])
def test_a_moment_without_an_offset_is_not_guessed(
    written: Any, server: ApiServer, torii: ToriiClient
) -> None:
    with pytest.raises(InvalidResponse, match="createdAt"):
        ask("User", {**USER, "createdAt": written}, server, torii)


@pytest.mark.parametrize("name", RECORDS)
def test_a_repr_shows_no_personal_data(name: str, server: ApiServer, torii: ToriiClient) -> None:
    record = ask(name, RECORDS[name][1], server, torii)
    for text in (repr(record), str(record), f"{record}", repr([record])):
        assert name in text
        assert not [word for word in PERSONAL if word in text]
    of_rich = repr(record.__rich_repr__())  # rich asks this in place of the repr
    assert not [word for word in PERSONAL if word in of_rich]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_the_repr_of_a_response_shows_no_personal_data(
    operation: Operation, server: ApiServer, torii: ToriiClient
) -> None:
    server.respond_with(as_json(operation.response))
    for value in (operation.call(torii), operation.call(torii.with_raw_response)):
        assert not [word for word in PERSONAL if word in repr(value)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (ToriiUpdateUserInput(), "UpdateUser()"),
        (ToriiUpdateUserInput(name="Ada", phone=None), "UpdateUser(name, phone)"),
        (ToriiUpdateUserInput(unsafe_metadata={"iban": "x"}), "UpdateUser(unsafe_metadata)"),
    ],
)
def test_the_repr_of_an_input_names_fields(given: ToriiUpdateUserInput, shown: str) -> None:
    assert repr(given) == shown
    assert given.__rich_repr__() == []


def test_a_repr_tells_records_apart(server: ApiServer, torii: ToriiClient) -> None:
    assert repr(ask("User", USER, server, torii)) == f"User(id={USER['id']!r}, status='active')"
    assert USER["id"] in repr(ask("OrganizationMember", MEMBER, server, torii))
    server.respond_with(as_json(page(USER, more=True, cursor="c1")))
    assert repr(torii.users.list()) == "Page(has_more=True)"


def test_a_log_record_of_a_user_shows_no_personal_data(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture
) -> None:
    user = ask("User", USER, server, torii)
    with caplog.at_level(logging.INFO):
        logging.getLogger("application").info("found %s and %r", user, [user])
    assert not [word for word in PERSONAL if word in caplog.text]


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_cannot_be_changed(name: str, server: ApiServer, torii: ToriiClient) -> None:
    record = ask(name, RECORDS[name][1], server, torii)
    for field in record.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(record, field, None)
    with pytest.raises(AttributeError):
        record.shoe_size = 44


def test_a_page_cannot_be_changed(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(page(USER)))
    users = torii.users.list()
    with pytest.raises(AttributeError):
        users.has_more = True  # type: ignore[misc]
    assert isinstance(users.items, tuple)


def test_a_record_can_be_copied_with_changes_and_written_as_json(
    server: ApiServer, torii: ToriiClient
) -> None:
    user = ask("User", USER, server, torii)
    assert msgspec.structs.replace(user, status="banned").status == "banned"
    assert msgspec.to_builtins(user)["createdAt"] == TIMESTAMP
    assert msgspec.json.decode(msgspec.json.encode(user))["updatedAt"] == LATER.replace(
        "250", "250000"
    )


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_as_plain_json(name: str, server: ApiServer, torii: ToriiClient) -> None:
    document = RECORDS[name][1]
    record = ask(name, document, server, torii)
    plain = json.loads(json.dumps(record.to_dict()))
    assert plain.keys() == document.keys()
    assert msgspec.convert(plain, type(record)) == record


def test_a_page_as_plain_json(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(page(USER, 7, more=True, cursor="c")))
    found = torii.users.list()
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["items"] == [found.items[0].to_dict()]
    assert (plain["nextCursor"], plain["hasMore"], plain["unreadable"]) == ("c", True, [7])


def test_the_asynchronous_client_gives_the_same_structs(
    server: ApiServer, torii: ToriiClient
) -> None:
    user = ask("User", USER, server, torii)

    async def get() -> Any:
        async with AsyncToriiClient(KEY, api_url=server.url) as later:
            return await later.users.get(UUID(USER["id"]))

    assert asyncio.run(get()) == user


def test_an_input_compares_and_can_be_changed(server: ApiServer, torii: ToriiClient) -> None:
    patch = ToriiUpdateUserInput(name="Ada", phone=None)
    assert patch == ToriiUpdateUserInput(name="Ada", phone=None)
    assert patch != ToriiUpdateUserInput(name="Ada")
    server.respond_with(as_json(USER))
    patch.locale = "da"
    torii.users.update("u1", patch)
    assert server.requests[0].json == {"name": "Ada", "phone": None, "locale": "da"}
