"""MemoryInbox: who may handle a delivery, and for how long it is remembered."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.clock import Clock
from torii_backend import ConfigurationError, MemoryInbox
from torii_backend.events import Claim


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(clock: Clock) -> MemoryInbox:
    return MemoryInbox(retention=100, clock=clock.monotonic)


def test_one_owner_claims_and_finishes(inbox: MemoryInbox, clock: Clock) -> None:
    assert inbox.claim("k", "ada", 60) == Claim("new")
    assert inbox.claim("k", "bob", 60) == Claim("busy")
    assert inbox.claim("other", "bob", 60) == Claim("new")
    inbox.done("k", "ada")
    assert inbox.claim("k", "bob", 60) == Claim("done")
    clock.advance(100)
    assert inbox.claim("k", "bob", 60) == Claim("new")


def test_a_released_delivery_is_new_and_knows_who_finished(inbox: MemoryInbox) -> None:
    inbox.claim("k", "ada", 60)
    inbox.release("k", "ada", ["app.first"])
    assert inbox.claim("k", "bob", 60) == Claim("new", ("app.first",))
    assert inbox.claim("k", "eve", 60) == Claim("busy")


def test_a_lease_ends_and_its_owner_can_do_nothing_more(inbox: MemoryInbox, clock: Clock) -> None:
    inbox.claim("k", "ada", 60)
    clock.advance(60)
    assert inbox.claim("k", "bob", 60) == Claim("new")
    inbox.done("k", "ada")
    inbox.release("k", "ada", ["app.first"])
    assert inbox.claim("k", "eve", 60) == Claim("busy")
    inbox.done("k", "bob")
    inbox.release("k", "bob", [])
    assert inbox.claim("k", "eve", 60) == Claim("done")


def test_who_finished_is_remembered_when_a_lease_ends(inbox: MemoryInbox, clock: Clock) -> None:
    inbox.claim("k", "ada", 60)
    inbox.release("k", "ada", ["app.first"])
    inbox.claim("k", "bob", 60)
    clock.advance(60)
    assert inbox.claim("k", "eve", 60) == Claim("new", ("app.first",))


def test_the_oldest_are_forgotten() -> None:
    inbox = MemoryInbox(2)
    for key in "abc":
        inbox.claim(key, "ada", 60)
        inbox.done(key, "ada")
    states = [inbox.claim(key, "bob", 60).state for key in "cba"]
    assert states == ["done", "done", "new"]


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"size": 0}, "size"), ({"size": True}, "size"), ({"retention": -1}, "retention")],
)
def test_settings_are_checked(settings: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be .*\.$"):
        MemoryInbox(**settings)


def test_copies_are_the_same_inbox(inbox: MemoryInbox) -> None:
    assert copy.copy(inbox) is copy.deepcopy(inbox) is inbox
    assert repr(inbox) == "MemoryInbox(size=10000)"
