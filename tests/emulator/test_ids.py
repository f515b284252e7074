"""Ids sort by creation."""

from __future__ import annotations

from threading import Thread
from uuid import UUID

import pytest

from torii_backend.emulator.ids import is_id, new_id


def test_ids_are_uuids_of_version_7_in_order() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {(UUID(text).version, UUID(text).variant) for text in ids} == {
        (7, "specified in RFC 4122")
    }


def test_threads_never_create_the_same_id() -> None:
    ids: list[str] = []
    threads = [Thread(target=lambda: ids.extend(new_id() for _ in range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 4_000


@pytest.mark.parametrize("text", ["", "x", "user_ada", "0198a000000070008000000000000001", " "])
def test_texts_that_are_not_ids(text: str) -> None:
    assert not is_id(text)
    assert is_id(new_id()) and is_id(new_id().upper())
