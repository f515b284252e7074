"""The fixtures of every room of the core, and a Verifier with revocations."""

from __future__ import annotations

import pytest

from tests.support.clock import Clock
from tests.support.fixtures import (  # noqa: F401
    _clean_environment,
    _no_shared_verifiers,
    _own_limits,
    clock,
    issuer,
)
from tests.support.issuer import Issuer
from torii_backend import Revocations, Verifier


@pytest.fixture
def revocations(clock: Clock) -> Revocations:  # noqa: F811
    return Revocations(clock=clock)


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock, revocations: Revocations) -> Verifier:  # noqa: F811
    return Verifier(issuer.url, fetch=issuer.fetch, clock=clock, revocations=revocations)
