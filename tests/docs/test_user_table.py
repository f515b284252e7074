"""The app of docs/user-table.md under attack: at once, out of order, with addresses that change hands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Optional

import msgspec
import pytest
from werkzeug.serving import make_server

from torii_backend.client import User
from torii_backend.testing import ToriiFixture

from .sections import run_sections

PARTS = ("## The table", "## The app", "## Its tests")


@pytest.fixture
def page(torii: ToriiFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORII_SECRET_KEY", torii.secret_key)
    monkeypatch.setenv("TORII_API_URL", torii.api_url)
    monkeypatch.setenv("TORII_WEBHOOK_SECRET", torii.webhooks.secret)
    module = run_sections("user-table.md", *PARTS, issuer=torii.issuer)
    yield module
    module.torii.close()


def _rows(page: Any) -> list[tuple[Optional[str], Optional[str], str]]:
    with closing(page.connect()) as db:
        found = db.execute("select torii_id, email, status from users order by torii_id")
        return [tuple(row) for row in found]


def _later(user: User, seconds: int, **fields: Any) -> User:
    moment = user.updated_at + timedelta(seconds=seconds)
    return msgspec.structs.replace(user, updated_at=moment, **fields)


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """Serve an application; give the URL of its receiver."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/torii/events"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_sign_ins_at_once_link_one_row_once(page: Any, torii: ToriiFixture) -> None:
    user = torii.create_user()
    row_id = page.add_row(user.email)
    at_once = Barrier(4)
    page.save = _after(at_once, page.save)
    with ThreadPoolExecutor(4) as threads:
        responses = list(threads.map(page.me_as, [user] * 4))
    assert [response.json for response in responses] == [{"id": row_id, "email": user.email}] * 4
    assert _rows(page) == [(user.id, user.email, "active")]


def _after(barrier: Barrier, function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        barrier.wait(30)
        return function(*arguments)

    return call


def test_an_address_that_moves_is_right_in_the_end_in_every_order(
    page: Any, torii: ToriiFixture
) -> None:
    ada, bob = torii.create_user(), torii.create_user()
    bob = _later(ada, 0, id=bob.id, email="bob@example.com")
    states = [
        ada,
        _later(ada, 2, email="new@example.com"),
        bob,
        _later(bob, 3, email=ada.email),
    ]
    expected = sorted([(ada.id, "new@example.com", "active"), (bob.id, ada.email, "active")])
    for order in permutations(states):
        with closing(page.connect()) as db:
            db.execute("delete from users")
        for state in (*order, order[0]):
            page.save(state)
        assert _rows(page) == expected, [state.email for state in order]


def test_a_deleted_user_does_not_come_back(page: Any, torii: ToriiFixture) -> None:
    user = torii.create_user()
    page.forget(user.id)
    page.save(_later(user, 9))
    assert page.me_as(user).status_code == 403
    assert _rows(page) == [(user.id, None, "deleted")]


def test_the_address_of_a_deleted_user_brings_nothing_of_theirs(
    page: Any, torii: ToriiFixture
) -> None:
    former = torii.create_user()
    row_id = page.add_row(former.email)
    assert page.me_as(former).json["id"] == row_id
    page.save(_later(former, 1, status="deleted"))
    heir = _later(former, 2, id=torii.create_user().id)
    page.save(heir)
    assert page.me_as(heir).json["id"] != row_id
    assert page.find(heir.id)["email"] == former.email


def test_a_row_from_before_keeps_its_address_from_users_with_a_row(
    page: Any, torii: ToriiFixture
) -> None:
    user = torii.create_user()
    page.save(user)
    page.add_row("before@example.com")
    page.save(_later(user, 1, email="before@example.com"))
    assert _rows(page) == [(None, "before@example.com", "active"), (user.id, None, "active")]


def test_letters_that_only_look_alike_link_nothing(page: Any, torii: ToriiFixture) -> None:
    page.add_row("mike@example.com")
    page.save(_later(torii.create_user(), 1, email="mi\N{KELVIN SIGN}e@example.com"))
    assert [row[0] for row in _rows(page)].count(None) == 1


def test_the_table_follows_events_that_come_twice_or_late(page: Any, torii: ToriiFixture) -> None:
    banned, unbanned, deleted = users = [torii.create_user() for _ in range(3)]
    for user in users:
        assert page.me_as(user).status_code == 200
    with _served(page.shop) as url:
        torii.webhooks.register(url)
        torii.webhooks.stage_fault("duplicate")
        page.torii.users.ban(banned.id)
        torii.webhooks.stage_fault("reorder")
        page.torii.users.ban(unbanned.id)
        page.torii.users.unban(unbanned.id)
        torii.webhooks.stage_fault("reorder")
        page.torii.users.update(deleted.id, first_name="Ada")
        page.torii.users.delete(deleted.id)
        deliveries = torii.webhooks.finish()
        late = torii.send_event("user.created", {"id": deleted.id}, to=url)
    assert {delivery.state for delivery in deliveries} == {"delivered"}
    assert late.status == 200
    assert [page.me_as(user).status_code for user in users] == [403, 200, 403]
    assert (deleted.id, None, "deleted") in _rows(page)
