"""Fixtures: an emulator, and clients with the keys of its two environments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from torii_backend.client import ToriiClient
from torii_backend.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def torii(emulator: Emulator) -> Iterator[ToriiClient]:
    with ToriiClient(emulator.secret_key, api_url=emulator.api_url, max_retries=0) as client:
        yield client


@pytest.fixture
def elsewhere(emulator: Emulator) -> Iterator[ToriiClient]:
    """A client with the key of another environment."""
    key = emulator.other_environment.secret_key
    with ToriiClient(key, api_url=emulator.api_url, max_retries=0) as client:
        yield client
