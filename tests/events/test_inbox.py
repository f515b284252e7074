"""MemoryInbox alone. What all inboxes do is in tests/stores/test_inboxes.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from torii_backend import ConfigurationError, MemoryInbox


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


def test_copies_are_the_same_inbox() -> None:
    inbox = MemoryInbox()
    assert copy.copy(inbox) is copy.deepcopy(inbox) is inbox
    assert repr(inbox) == "MemoryInbox(size=10000)"
