"""The marker auth_as: on a test, a class, a module; the nearest wins; wherever the body runs."""

from __future__ import annotations

import unittest
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from torii_backend import authenticate_request

pytestmark = pytest.mark.auth_as("of_module")


async def sleep() -> None:
    import anyio

    await anyio.lowlevel.checkpoint()


def user() -> str:
    return authenticate_request({}, issuer="https://acme.torii.so").user_id


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
async def loop_before_the_test(anyio_backend: str) -> AsyncIterator[None]:
    await sleep()
    yield
    await sleep()


def test_of_module() -> None:
    assert user() == "of_module"


@pytest.mark.auth_as("of_test", role="admin")
def test_of_test() -> None:
    assert user() == "of_test"


@pytest.mark.parametrize(
    "expected", [pytest.param("of_case", marks=pytest.mark.auth_as("of_case")), "of_module"]
)
def test_of_case(expected: str) -> None:
    assert user() == expected


@pytest.mark.auth_as("of_test")
@pytest.mark.parametrize(
    "expected", ["of_test", pytest.param("of_case", marks=pytest.mark.auth_as("of_case"))]
)
def test_of_case_beside_that_of_the_test(expected: str) -> None:
    assert user() == expected


@pytest.mark.auth_as("of_class")
class TestClass:
    def test_of_class(self) -> None:
        assert user() == "of_class"

    @pytest.mark.auth_as("of_method")
    def test_of_method(self) -> None:
        assert user() == "of_method"


@pytest.mark.anyio
async def test_async(loop_before_the_test: None) -> None:
    assert user() == "of_module"


@settings(max_examples=3, deadline=None)
@given(some.integers())
def test_examples(number: int) -> None:
    assert user() == "of_module"


@pytest.mark.anyio
@settings(max_examples=3, deadline=None)
@given(number=some.integers())
async def test_async_examples(loop_before_the_test: None, number: int) -> None:
    assert user() == "of_module"


@pytest.mark.auth_as("of_case")
class OfUnittest(unittest.TestCase):
    def setUp(self) -> None:
        self.before = user()

    def test_of_class(self) -> None:
        assert user() == self.before == "of_case"

    @pytest.mark.auth_as("of_method")
    def test_of_method(self) -> None:
        assert user() == self.before == "of_method"


class AsyncOfUnittest(unittest.IsolatedAsyncioTestCase):
    async def test_of_module(self) -> None:
        assert user() == "of_module"
