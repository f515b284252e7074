"""What the passing of time does to records, seen from a time in the future."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from torii_backend.client.models import InvitationDetail, Session
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.store import impersonations, invitations, sessions
from torii_backend.emulator.store.database import IN_MEMORY, Database
from torii_backend.emulator.store.impersonations import Impersonation
from torii_backend.emulator.store.timestamps import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

HOME = "environment"
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def connection() -> Iterator[Connection]:
    database = Database(IN_MEMORY)
    with database.transaction() as connection:
        yield connection
    database.close()


def test_a_pending_invitation_expires(connection: Connection) -> None:
    start = now()
    invitation = InvitationDetail(
        id=new_id(),
        environment_id=HOME,
        email="Ada@example.com",
        status="PENDING",
        expires_at=start + DAY,
        created_at=start,
        public_metadata={},
        private_metadata={},
    )
    invitations.add(connection, invitation)
    for at, status in [(start + DAY - MICROSECOND, "PENDING"), (start + DAY, "EXPIRED")]:
        found = invitations.find(connection, HOME, invitation.id, at)
        assert found is not None and found.status == status
        pending = invitations.pending_for(connection, HOME, "ada@example.com", at)
        assert bool(pending) == (status == "PENDING")
        for expected in (None, [status], [status, "REVOKED"]):
            (row,) = invitations.search(
                connection, HOME, statuses=expected, text="", at=at, after="", limit=9
            )
            assert row.status == status
        others = [word for word in ("PENDING", "EXPIRED") if word != status]
        assert not invitations.search(
            connection, HOME, statuses=others, text="", at=at, after="", limit=9
        )


def test_a_session_expires(connection: Connection) -> None:
    start = now()
    session = Session(
        id=new_id(),
        user_id="ada",
        environment_id=HOME,
        created_at=start,
        expires_at=start + DAY,
        last_used_at=start,
    )
    sessions.add(connection, session)
    assert sessions.live(connection, "ada", start + DAY - MICROSECOND) == [session]
    assert sessions.live(connection, "ada", start + DAY) == []
    assert sessions.revoke(connection, "ada", session.id)


def test_an_impersonation_token_expires(connection: Connection) -> None:
    start = now()
    impersonation = Impersonation(
        user_id="ada", actor_user_id="op", reason="", expires_at=start + DAY, landing_page=None
    )
    for token in ("one", "two"):
        impersonations.add(connection, token, impersonation)
    assert impersonations.redeem(connection, "one", start + DAY - MICROSECOND) == impersonation
    assert impersonations.redeem(connection, "two", start + DAY) is None
    assert impersonations.redeem(connection, "two", start) is None
