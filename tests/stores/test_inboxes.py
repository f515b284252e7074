"""What all inboxes do: who may handle a delivery, and for how long it is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.events.deliveries import SECRET, event
from torii_backend import ConfigurationError, Event, Events
from torii_backend.events import Claim

from .inboxes import ATOMIC, LEASED, SHORT, Store, running_store

on_leased = pytest.mark.parametrize("name", LEASED)
on_atomic = pytest.mark.parametrize("name", ATOMIC)
on_all = pytest.mark.parametrize("name", LEASED + ATOMIC)


@pytest.fixture
def store(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with running_store(name, tmp_path, request) as store:
        yield store


@pytest.fixture
def inbox(store: Store) -> Any:
    return store.inbox()


@on_all
def test_a_delivery_that_is_done_stays_done(store: Store, inbox: Any) -> None:
    assert inbox.claim("k", "ada", 60) == Claim("new")
    inbox.done("k", "ada")
    store.wait()
    assert inbox.claim("k", "bob", 60) == Claim("done")
    assert inbox.claim("other", "bob", 60) == Claim("new")
    inbox.release("other", "bob", [])


@on_all
def test_a_delivery_is_forgotten_after_its_retention(store: Store) -> None:
    inbox = store.inbox(retention=SHORT)
    for owner in ("ada", "bob"):
        assert inbox.claim("k", owner, 60) == Claim("new")
        inbox.done("k", owner)
        store.wait()


@on_leased
def test_one_owner_has_the_delivery_until_it_is_released(inbox: Any) -> None:
    assert inbox.claim("k", "ada", 60) == Claim("new")
    assert inbox.claim("k", "bob", 60) == Claim("busy")
    inbox.release("k", "ada", ["app.first", "app.zweites_ä"])
    assert inbox.claim("k", "bob", 60) == Claim("new", ("app.first", "app.zweites_ä"))
    assert inbox.claim("k", "eve", 60) == Claim("busy")


@on_leased
def test_a_lease_ends_and_its_owner_can_do_nothing_more(store: Store, inbox: Any) -> None:
    inbox.claim("k", "ada", SHORT)
    store.wait()
    assert inbox.claim("k", "bob", 60) == Claim("new")
    inbox.done("k", "ada")
    inbox.release("k", "ada", ["app.first"])
    assert inbox.claim("k", "eve", 60) == Claim("busy")
    inbox.done("k", "bob")
    inbox.release("k", "bob", [])
    assert inbox.claim("k", "eve", 60) == Claim("done")


@on_leased
def test_who_finished_is_remembered_when_a_lease_ends(store: Store, inbox: Any) -> None:
    inbox.claim("k", "ada", 60)
    inbox.release("k", "ada", ["app.first"])
    inbox.claim("k", "bob", SHORT)
    store.wait()
    assert inbox.claim("k", "eve", 60) == Claim("new", ("app.first",))


@on_leased
def test_of_claims_at_once_one_is_new(store: Store, inbox: Any) -> None:
    inbox.claim("again", "ada", SHORT)
    store.wait()

    def claim(key: str, owner: str) -> Claim:
        try:
            claim: Claim = inbox.claim(key, owner, 60)
            return claim
        finally:
            store.close()

    with ThreadPoolExecutor(8) as pool:
        for key in ("fresh", "again"):
            claims = list(pool.map(partial(claim, key), "abcdefgh"))
            assert sorted(claim.state for claim in claims) == ["busy"] * 7 + ["new"]


@on_atomic
@pytest.mark.parametrize(("ends", "state"), [("done", "done"), ("release", "new")])
def test_a_claim_waits_for_the_transaction_before(
    store: Store, inbox: Any, ends: str, state: str
) -> None:
    inbox.claim("k", "ada", 60)

    def claim() -> Any:
        claim = inbox.claim("k", "bob", 60)
        if claim.state == "new":
            inbox.release("k", "bob", [])
        store.close()
        return claim.state

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(claim)
        if ends == "done":
            inbox.done("k", "ada")
        else:
            inbox.release("k", "ada", ["app.first"])
        assert second.result() == state


@on_atomic
def test_another_thread_cannot_end_an_atomic_claim(inbox: Any) -> None:
    inbox.claim("k", "ada", 60)
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="on the thread"):
        pool.submit(inbox.done, "k", "ada").result()
    inbox.done("k", "ada")


@on_atomic
def test_an_atomic_inbox_refuses_async_handlers(inbox: Any) -> None:
    events = Events(SECRET, inbox=inbox)
    with pytest.raises(ConfigurationError, match=r"^handlers must be sync .* a transaction .*\.$"):

        @events.on("user.deleted")
        async def forget(event: Event) -> None: ...


@on_all
def test_a_handler_that_failed_runs_again_and_then_no_more(inbox: Any) -> None:
    events = Events(SECRET, inbox=inbox)
    outcomes = [ValueError("first"), None]
    ran = []

    @events.on("user.deleted")
    def forget(event: Event) -> None:
        ran.append(event.delivery_id)
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    with pytest.raises(ValueError, match="first"):
        events.dispatch(event())
    assert [events.dispatch(event()) for _ in range(2)] == ["ok", "duplicate"]
    assert ran == ["msg_1", "msg_1"]
    other = Events(SECRET, inbox=inbox, name="other")
    other.on("user.deleted")(lambda _: None)
    assert other.dispatch(event()) == "ok"
