"""Last write wins, as docs/event-recipes.md writes it: in every order, at once, and without a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from torii_backend import Event
from torii_backend.testing import ToriiFixture

from .sections import run_sections

PARTS = ("# Recipes for events", "## Fetch the user", "## Last write wins")


@pytest.fixture
def page(torii: ToriiFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORII_SECRET_KEY", torii.secret_key)
    monkeypatch.setenv("TORII_API_URL", torii.api_url)
    module = run_sections("event-recipes.md", *PARTS)
    _forget_all(module)
    yield module
    module.torii.close()


def _forget_all(page: Any) -> None:
    with closing(page.connect()) as db, db:
        db.execute("delete from profiles")


def test_every_order_ends_alike(page: Any) -> None:
    changes = [page.an_event("user.updated", second, name=f"name {second}") for second in (1, 2, 3)]
    deletion = page.an_event("user.deleted", 2)
    for events, expected in ((changes, ("name 3", 0)), ([*changes, deletion], (None, 1))):
        for order in permutations(events):
            _forget_all(page)
            for event in (*order, order[0]):
                page.store(event)
            assert page.stored() == expected, order


def test_the_newest_of_many_at_once_stays(page: Any) -> None:
    events = [page.an_event("user.updated", second, name=f"name {second}") for second in range(24)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(page.store, [*events[::2], *reversed(events)]))
    assert page.stored() == ("name 23", 0)


def test_an_event_without_a_time_is_fetched(page: Any, torii: ToriiFixture) -> None:
    user = torii.create_user()
    dated = page.an_event("user.updated", 1)
    raw = {"type": dated.type, "data": {"id": user.id, "name": "Somebody else"}}
    page.store(Event.from_dict({**dated.as_dict(), "raw": raw}))
    assert page.names[user.id] == user.name
    assert page.stored() is None
