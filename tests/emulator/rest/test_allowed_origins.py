"""Allowed origins: one list that is read and replaced as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

PATH = "/allowed-origins"


def test_the_list_begins_empty(api: Api) -> None:
    assert api.ok("GET", PATH) == {"origins": []}


def test_setting_replaces_the_list(api: Api) -> None:
    first = {"origins": ["https://app.example", "capacitor://localhost"]}
    second = {"origins": ["http://localhost:5173"]}
    empty: dict[str, list[str]] = {"origins": []}
    for document in (first, second, empty, first):
        assert api.ok("PUT", PATH, document) == document
        assert api.ok("GET", PATH) == document


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"origins": None},
        {"origins": "https://app.example"},
        {"origins": [7]},
        {"origins": [None]},
        {"origins": ["https://app.example", "app.example"]},
        {"origins": ["https://app.example/path"]},
        {"origins": ["https://"]},
        {"origins": [""]},
    ],
    ids=str,
)
def test_a_rejected_list_keeps_the_old_one(api: Api, document: Any) -> None:
    stored = {"origins": ["https://app.example"]}
    api.ok("PUT", PATH, stored)
    api.error(400, "PUT", PATH, document)
    assert api.ok("GET", PATH) == stored
