"""Users and their sessions: each method does to the emulator what it says."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from torii_backend import ToriiUpdateUserInput, verify_token
from torii_backend.client import AsyncToriiClient, BadRequest, Forbidden, NotFound, ToriiClient
from torii_backend.emulator import Emulator

from .admin_api import sign_in


def test_a_user_is_created_read_and_found(torii: ToriiClient) -> None:
    before = datetime.now(timezone.utc) - timedelta(minutes=1)
    user = torii.users.create(
        email="ada@example.com",
        password="correct horse battery staple",
        first_name="Ada",
        last_name="Lovelace",
        date_of_birth=date(1815, 12, 10),
        public_metadata={"plan": "pro"},
    )
    assert (user.email, user.first_name, user.status) == ("ada@example.com", "Ada", "active")
    assert user.public_metadata == {"plan": "pro"}
    assert user.created_at > before
    assert torii.users.get(user.id) == user == torii.users.get(UUID(user.id))

    torii.users.create(email="grace@example.com")
    for filters in (
        {"email": "ADA@"},
        {"name": "lovelace"},
        {"user_ids": [UUID(user.id)]},
        {"email_addresses": ["ada@example.com", "nobody@example.com"]},
        {"email": "ada", "statuses": ["active"], "created_after": before},
    ):
        assert torii.users.list(**filters).items == (user,)
    assert [found.email for found in torii.users.list(name=None).items] == ["grace@example.com"]
    assert torii.users.list(user_ids=[]).items == ()
    assert torii.users.list(created_before=before).items == ()


def test_an_update_sets_clears_and_leaves(torii: ToriiClient) -> None:
    user = torii.users.create(first_name="Nora", last_name="Holm", unsafe_metadata={"a": 1, "b": 2})
    changed = torii.users.update(user.id, first_name="Ada", last_name=None)
    assert (changed.first_name, changed.last_name, changed.locale) == ("Ada", None, None)
    changed = torii.users.update(user.id, ToriiUpdateUserInput(locale="da", last_name="Byron"))
    assert (changed.first_name, changed.last_name, changed.locale) == ("Ada", "Byron", "da")
    changed = torii.users.update(user.id, unsafe_metadata={"a": None, "c": {"d": None}})
    assert changed.first_name == "Ada"
    assert changed.unsafe_metadata["b"] == 2
    assert "a" not in changed.unsafe_metadata
    assert torii.users.update(user.id, name="Ada", phone=None).name == "Ada"
    with pytest.raises(BadRequest):
        torii.users.update(user.id, locale="tlh")


def test_metadata_merge(torii: ToriiClient) -> None:
    user = torii.users.create(private_metadata={"crm": {"id": 7, "owner": "kim"}})
    changed = torii.users.update_metadata(
        user.id, public_metadata={"plan": "pro"}, private_metadata={"crm": {"owner": None}}
    )
    assert changed.public_metadata == {"plan": "pro"}
    assert changed.private_metadata == {"crm": {"id": 7}}
    with pytest.raises(BadRequest) as caught:
        torii.users.update_metadata(user.id, public_metadata={"big": "x" * 9000})
    assert caught.value.code
    assert caught.value.support_id


def test_iterating_goes_over_several_pages(torii: ToriiClient) -> None:
    made = {torii.users.create(email=f"user{n}@example.com").id for n in range(7)}
    found = [user.id for user in torii.users.iterate(limit=3)]
    assert len(found) == 7
    assert set(found) == made
    page = torii.users.list(limit=3)
    assert page.has_more
    following = torii.users.list(limit=3, cursor=page.next_cursor)
    assert [user.id for user in (*page.items, *following.items)] == found[:6]


def test_a_ban_ends_sessions_until_it_is_lifted(emulator: Emulator, torii: ToriiClient) -> None:
    user = torii.users.create(email="ada@example.com")
    token = sign_in(emulator, user.id)
    assert verify_token(token, issuer=emulator.issuer).user_id == user.id
    assert len(torii.sessions.list_for_user(user.id)) == 1

    assert torii.users.ban(user.id).status == "banned"
    assert torii.sessions.list_for_user(user.id) == []
    with pytest.raises(ValueError, match="banned"):
        emulator.issue_token(user_id=user.id)
    assert torii.users.list(statuses=["banned"]).items[0].id == user.id

    assert torii.users.unban(user.id).status == "active"
    sign_in(emulator, user.id)
    assert len(torii.sessions.list_for_user(user.id)) == 1


def test_sessions_are_listed_and_revoked(emulator: Emulator, torii: ToriiClient) -> None:
    user = torii.users.create(email="ada@example.com")
    for _ in range(3):
        sign_in(emulator, user.id)
    first, *others = torii.sessions.list_for_user(user.id)
    assert first.user_id == user.id
    assert first.expires_at > datetime.now(timezone.utc)

    for _ in range(2):
        torii.sessions.revoke(user.id, first.id)
        assert torii.sessions.list_for_user(user.id) == others
    for _ in range(2):
        torii.sessions.revoke_all_for_user(user.id)
        assert torii.sessions.list_for_user(user.id) == []


def test_a_deleted_user_is_out_of_reach(torii: ToriiClient) -> None:
    user = torii.users.create(email="ada@example.com")
    torii.users.delete(user.id)
    with pytest.raises(Forbidden):
        torii.users.delete(user.id)
    assert [found.status for found in torii.users.list(statuses=["deleted"]).items] == ["deleted"]


def test_the_asynchronous_client_does_the_same(emulator: Emulator) -> None:
    async def manage() -> None:
        async with AsyncToriiClient(emulator.secret_key, api_url=emulator.api_url) as torii:
            made = await asyncio.gather(
                *(torii.users.create(email=f"user{n}@example.com") for n in range(20))
            )
            found = [user.id async for user in torii.users.iterate(limit=6)]
            assert sorted(found) == sorted(user.id for user in made)

            user = await torii.users.update(made[0].id, name="Ada", phone=None)
            assert user.name == "Ada"
            assert (await torii.users.ban(user.id)).status == "banned"
            assert await torii.sessions.list_for_user(user.id) == []
            await torii.sessions.revoke_all_for_user(user.id)
            with pytest.raises(NotFound):
                await torii.organizations.get(uuid4())
            assert (await torii.with_raw_response.users.get(user.id)).status == 200
            assert (await torii.request("GET", f"/users/{user.id}"))["status"] == "banned"

    asyncio.run(manage())
