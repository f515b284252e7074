"""A receiver of the emulator's events, and what changes users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.emulator.rest.api import Api, api_of

from .endpoint import Endpoint

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with closing(Endpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def api(torii: Emulator, endpoint: Endpoint) -> Api:
    """The REST API of an emulator that sends events to the endpoint."""
    torii.webhooks.register(endpoint.url)
    return api_of(torii)
