"""Arguments that can.t be sent: refused by their name, before anything is sent."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timezone
from math import inf, nan
from typing import Any, Callable

import pytest
from msgspec import UNSET

from torii_backend import ToriiUpdateUserInput
from torii_backend.client import AsyncToriiClient, ToriiClient

from .conftest import KEY
from .server import ApiServer


def cyclic() -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    metadata["again"] = [metadata]
    return metadata


class Bytes(bytes):
    """A type that JSON does not know, of a kind that it does not know."""


class Float(float):
    """As those of NumPy are."""


NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001
AWARE = datetime(2026, 3, 1, tzinfo=timezone.utc)

BAD_TEXTS = [7, 0, True, 1.5, b"Ada", ["Ada"], {"a": "Ada"}, "\ud800", object()]
BAD_BAGS = [
    None,
    "text",
    7,
    ["a"],
    [("a", 1)],
    {"a": nan},
    {"a": {"b": [inf]}},
    {"a": [{"b": -inf}]},
    cyclic(),
    {"a": "\udfff"},
    {"\ud800": 1},
    {"a": b"bytes"},
    {"a": {"b": [bytearray(b"bytes")]}},
    {"a": Bytes(b"bytes")},
    {"a": Float(nan)},
    {"a": object()},
    {"a": UNSET},
    {"a": iter([1])},
    {None: 1},
]
BAD_DAYS = [AWARE, NAIVE, "10.12.1815", "1815-13-01", "1815-12-10T00:00:00Z", 7, ""]
BAD_MOMENTS = [NAIVE, date(2026, 3, 1), "yesterday", 1772323200, "2026-03-01T00:00:00"]
BAD_LISTS = [
    None,
    "u1",
    b"u1",
    7,
    [7],
    [None],
    [b"u1"],
    {"u1": 1},
    (name for name in ("u1",)),
    ["\ud800"],
]

UPDATE: dict[str, list[Any]] = {
    "first_name": BAD_TEXTS,
    "locale": BAD_TEXTS,
    "phone": BAD_TEXTS,
    "unsafe_metadata": BAD_BAGS,
    "date_of_birth": BAD_DAYS,
}
CREATE: dict[str, list[Any]] = {
    "email": BAD_TEXTS,
    "password": BAD_TEXTS,
    "public_metadata": BAD_BAGS,
    "private_metadata": BAD_BAGS,
    "date_of_birth": BAD_DAYS,
}
SEARCH: dict[str, list[Any]] = {
    "name": BAD_TEXTS,
    "email": BAD_TEXTS,
    "organization_id": BAD_TEXTS,
    "user_ids": BAD_LISTS,
    "email_addresses": BAD_LISTS,
    "statuses": BAD_LISTS,
    "created_after": BAD_MOMENTS,
    "created_before": BAD_MOMENTS,
    "limit": ["10", 1.0, True],
}
METADATA: dict[str, list[Any]] = {"public_metadata": BAD_BAGS, "private_metadata": BAD_BAGS}
IMPERSONATION: dict[str, list[Any]] = {
    "actor_user_id": [None, 7, "", "..", "a\r\nb", b"u2"],
    "reason": [None, *BAD_TEXTS],
    "redirect_url": BAD_TEXTS,
    "expires_in_seconds": ["60", 60.5, True, nan, [60]],
}
INVITATION: dict[str, list[Any]] = {
    "email": [None, *BAD_TEXTS],
    "redirect_url": BAD_TEXTS,
    "expires_in_days": ["7", 7.5, True, nan, [7]],
    **METADATA,
}

CALLS: dict[str, tuple[Callable[..., Any], dict[str, list[Any]]]] = {
    "users.update": (lambda torii, **bad: torii.users.update("u1", **bad), UPDATE),
    "users.update, as an input": (
        lambda torii, **bad: torii.users.update("u1", ToriiUpdateUserInput(**bad)),
        UPDATE,
    ),
    "users.create": (lambda torii, **bad: torii.users.create(**bad), CREATE),
    "users.update_metadata": (
        lambda torii, **bad: torii.users.update_metadata("u1", **bad),
        {**METADATA, "unsafe_metadata": BAD_BAGS},
    ),
    "users.list": (
        lambda torii, **bad: torii.users.list(**bad),
        {**SEARCH, "cursor": ["", "..", 7, b"c1", "a\nb"]},
    ),
    "users.iterate": (lambda torii, **bad: torii.users.iterate(**bad), SEARCH),
    "organizations.list": (
        lambda torii, **bad: torii.organizations.list(**bad),
        {"name": [7, b"Acme", [7], "\ud800"], "limit": ["10"], "cursor": [""]},
    ),
    "organizations.update_metadata": (
        lambda torii, **bad: torii.organizations.update_metadata("o1", **bad),
        METADATA,
    ),
    "organizations.update_member_metadata": (
        lambda torii, **bad: torii.organizations.update_member_metadata("o1", "u1", **bad),
        METADATA,
    ),
    "invitations.list": (
        lambda torii, **bad: torii.invitations.list(**bad),
        {
            "status": [7, [7], b"PENDING"],
            "search": [7, [7], "\ud800"],
            "limit": [True],
            "cursor": [7],
        },
    ),
    "invitations.create": (
        lambda torii, **bad: torii.invitations.create(**{"email": "ada@example.com", **bad}),
        INVITATION,
    ),
    "invitations.update_metadata": (
        lambda torii, **bad: torii.invitations.update_metadata("i1", **bad),
        METADATA,
    ),
    "impersonation.create_token": (
        lambda torii, **bad: torii.impersonation.create_token(
            "u1", **{"actor_user_id": "u2", "reason": "support", **bad}
        ),
        IMPERSONATION,
    ),
    "allowed_origins.set": (
        lambda torii, **bad: torii.allowed_origins.set(**bad),
        {"origins": BAD_LISTS},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_argument_of_the_wrong_kind_is_refused_by_its_name(
    name: str, server: ApiServer, torii: ToriiClient
) -> None:
    call, arguments = CALLS[name]
    for argument, values in arguments.items():
        for value in values:
            with pytest.raises((TypeError, ValueError)) as refusal:
                call(torii, **{argument: value})
            assert str(refusal.value).startswith(argument), (argument, type(value))

    assert server.requests == []


def test_the_asynchronous_client_refuses_the_same(server: ApiServer) -> None:
    async def refuse() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            for argument, values in UPDATE.items():
                for value in values:
                    with pytest.raises((TypeError, ValueError), match=f"^{argument}"):
                        await torii.users.update("u1", **{argument: value})
            # Iterating starts with a call that needs no await, and refuses at once as well.
            with pytest.raises(TypeError, match=r"^statuses"):
                torii.users.iterate(statuses="active")

    asyncio.run(refuse())
    assert server.requests == []


@pytest.mark.parametrize(
    "keywords", [{"name": "Ada"}, {"phone": None}, {"first_name": ""}, {"unsafe_metadata": {}}]
)
def test_an_input_beside_keywords_is_refused(
    keywords: dict[str, Any], server: ApiServer, torii: ToriiClient
) -> None:
    with pytest.raises(TypeError, match="either a patch or keywords"):
        torii.users.update("u1", ToriiUpdateUserInput(), **keywords)
    assert server.requests == []


@pytest.mark.parametrize("patch", [{"name": "Ada"}, "Ada", 7, False])
def test_a_patch_of_another_type_is_refused(
    patch: Any, server: ApiServer, torii: ToriiClient
) -> None:
    with pytest.raises(TypeError, match="patch must be a ToriiUpdateUserInput"):
        torii.users.update("u1", patch)
    assert server.requests == []


def test_a_refusal_does_not_quote_what_it_refuses(server: ApiServer, torii: ToriiClient) -> None:
    for value in (["hunter2"], b"hunter2", "hunter2\ud800"):
        with pytest.raises((TypeError, ValueError)) as refusal:
            torii.users.create(password=value)  # type: ignore[arg-type]
        assert "hunter2" not in str(refusal.value)
        assert refusal.value.__cause__ is None
    assert server.requests == []


@pytest.mark.parametrize("metadata", ["public_metadata", "private_metadata"])
def test_a_required_bag_is_missed_by_its_name(
    server: ApiServer, torii: ToriiClient, metadata: str
) -> None:
    unset: Any = {metadata: UNSET}
    with pytest.raises(TypeError, match=f"^{metadata} must be given\\.$"):
        torii.invitations.create("ada@example.com", **unset)
    assert server.requests == []


def test_a_misspelt_argument_is_refused(server: ApiServer, torii: ToriiClient) -> None:
    with pytest.raises(TypeError, match="frist_name"):
        torii.users.update("u1", frist_name="Ada")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="frist_name"):
        ToriiUpdateUserInput(frist_name="Ada")  # type: ignore[call-arg]
    assert server.requests == []
