"""Fixtures: the REST API as the backends of two environments see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from torii_backend import Verifier

from .api import Api, api_of

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


@pytest.fixture
def api(torii: Emulator) -> Api:
    return api_of(torii)


@pytest.fixture
def elsewhere(torii: Emulator) -> Api:
    """The other environment of the same emulator."""
    other = torii.other_environment
    return Api(torii.api_url, other.environment_id, other.secret_key)


@pytest.fixture
def verifier(torii: Emulator) -> Verifier:
    return Verifier(torii.issuer)
