"""A local Torii, and what OpenTelemetry's SDK was told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.installed import is_left_out
from tests.support.issuer import Issuer
from torii_backend._verify.verifier_pool import forget_verifiers
from torii_backend.emulator import Emulator

collect_ignore_glob = (
    ["test_otel*.py", "test_canary.py"] if is_left_out("opentelemetry.sdk") else []
)


@pytest.fixture(autouse=True)
def _no_shared_verifiers() -> Iterator[None]:
    yield
    forget_verifiers()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def torii() -> Iterator[Emulator]:
    with Emulator() as torii:
        yield torii
