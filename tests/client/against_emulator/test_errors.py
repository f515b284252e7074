"""What the emulator refuses, and how a client comes to its key."""

from __future__ import annotations

from uuid import uuid4

import pytest

from torii_backend import ToriiApiError
from torii_backend.client import Conflict, Forbidden, NotFound, ToriiClient, Unauthorized
from torii_backend.emulator import Emulator


def test_what_is_not_reachable_with_the_key(torii: ToriiClient, elsewhere: ToriiClient) -> None:
    foreign, unknown = elsewhere.users.create().id, str(uuid4())
    for call in (torii.users.get, torii.users.ban, torii.sessions.list_for_user):
        with pytest.raises(Forbidden):
            call(foreign)
    with pytest.raises(NotFound):
        torii.users.get(unknown)
    with pytest.raises(Forbidden):
        torii.users.organizations(unknown)
    with pytest.raises(NotFound):
        torii.organizations.get(unknown)
    with pytest.raises(ToriiApiError) as caught:
        torii.invitations.get(unknown)
    assert caught.value.status == 404
    assert list(torii.users.iterate()) == []


def test_a_taken_email_is_a_conflict(torii: ToriiClient, elsewhere: ToriiClient) -> None:
    torii.users.create(email="ada@example.com")
    with pytest.raises(Conflict) as caught:
        torii.users.create(email="ADA@example.com")
    assert caught.value.code
    assert caught.value.support_id
    with pytest.raises(Conflict):
        torii.invitations.create("ada@example.com")
    elsewhere.users.create(email="ada@example.com")


def test_a_wrong_key_is_unauthorized(emulator: Emulator) -> None:
    torii = ToriiClient("sk_live_wrong", api_url=emulator.api_url)
    with torii, pytest.raises(Unauthorized, match="sk_live_") as caught:
        torii.users.list()
    assert "wrong" not in str(caught.value)


def test_a_client_is_configured_by_the_environment(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", emulator.secret_key)
    monkeypatch.setenv("TORII_API_URL", emulator.api_url)
    with ToriiClient() as torii:
        assert torii.users.list().items == ()
