"""The pytest plugin: fixtures, a marker and an ini option.

pytest imports this module at each start, so it imports nothing but pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Callable, Optional

import pytest

if TYPE_CHECKING:
    from torii_backend.client import ToriiClient
    from torii_backend.client.models import User
    from torii_backend.testing.sign_in import AuthBlock
    from torii_backend.testing.torii_fixture import ToriiFixture

# One a process, from the first test that uses it.
_running = pytest.StashKey["ToriiFixture"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the ini option."""
    parser.addini(
        "torii_issuer",
        "the issuer that the fixture torii stands in for, such as https://acme.torii.so; "
        "TORII_ISSUER by default",
        default="",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Import our modules as usual.

    pytest rewrites the assertions of all modules of a distribution that has a plugin. That would add
    0.1 s to the import of the emulator, and more if bytecode isn't written.
    """
    hook = early_config.pluginmanager.rewrite_hook
    getattr(hook, "_must_rewrite", set()).discard("torii_backend")
    getattr(hook, "_marked_for_rewrite_cache", {}).clear()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for --strict-markers."""
    config.addinivalue_line(
        "markers",
        "auth_as(user_id='user_test', *, role=None, organization=None, …): sign a user in for the "
        "test, as torii_backend.testing.auth_as does; the nearest marker wins",
    )


# First, because pytest-run-parallel makes a function of it that starts threads.
@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Sign the user of the marker in wherever the body of the test runs."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("auth_as") is not None:
        item.obj = _signed_in(item, item.obj)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Sign the user of the marker in where the body runs in a context that was made before."""
    if item.get_closest_marker("auth_as") is None or not isinstance(item, pytest.Function):
        return (yield)
    block = _block_of(item)
    if _is_unittest(item):
        # An IsolatedAsyncioTestCase makes it when it is created.
        setattr(item.instance, item.name, block(item.obj))
    # The event loop of an async fixture may run each example of an async test.
    given: Any = getattr(item.obj, "hypothesis", None)
    inner: Any = getattr(given, "inner_test", None)
    if inner is not None:
        given.inner_test = block(inner)
    try:
        with block:
            return (yield)
    finally:
        if inner is not None:
            given.inner_test = inner


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Reset the emulator before a test that uses the fixture, directly or through another one."""
    running = item.config.stash.get(_running, None)
    if running is not None and _uses_torii(item):
        running.begin()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave key fetches alone from the end of the test on."""
    running = item.config.stash.get(_running, None)
    if running is not None and running.is_in_use:
        running.end()


@pytest.fixture(scope="session")
def torii(pytestconfig: pytest.Config) -> Iterator[ToriiFixture]:
    """A local Torii, which is reset before each test that uses it.

    Its methods issue tokens, rotate keys, simulate outages and let it stand in for an issuer.
    """
    from torii_backend.testing.torii_fixture import ToriiFixture

    with ToriiFixture(pytestconfig.getini("torii_issuer")) as running:
        pytestconfig.stash[_running] = running
        running.begin()
        yield running
        running.end()
        del pytestconfig.stash[_running]


@pytest.fixture
def torii_user(torii: ToriiFixture) -> User:
    """A new user of the emulator, with a verified email address."""
    return torii.create_user()


@pytest.fixture
def torii_token(torii: ToriiFixture, torii_user: User) -> str:
    """An access token of `torii_user`."""
    return torii.token(torii_user.id)


@pytest.fixture
def torii_headers(torii: ToriiFixture, torii_user: User) -> dict[str, str]:
    """The header that signs a request of `torii_user` in."""
    return torii.headers(torii_user.id)


@pytest.fixture
def torii_client(torii: ToriiFixture) -> Iterator[ToriiClient]:
    """A client of the emulator's REST API."""
    from torii_backend.client import create_torii_client

    with create_torii_client(torii.secret_key, api_url=torii.api_url) as client:
        yield client


def _uses_torii(item: pytest.Item) -> bool:
    """Return whether a test uses the fixture of this module, and not another of that name."""
    found: Optional[object] = getattr(item, "_fixtureinfo", None)
    fixtures = getattr(found, "name2fixturedefs", {}).get("torii", ())
    for each in reversed(fixtures):
        if each.func.__module__ == __name__:
            return True
        # An override that does without what it overrides.
        if "torii" not in each.argnames:
            return False
    return False


def _block_of(item: pytest.Item) -> AuthBlock:
    """Return the block of the nearest marker; raises if its arguments are wrong."""
    from torii_backend.testing import auth_as

    marker = item.get_closest_marker("auth_as")
    assert marker is not None  # noqa: S101 (callers have asked)
    return auth_as(*marker.args, **marker.kwargs)


def _signed_in(item: pytest.Item, test: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(test)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return _block_of(item)(test)(*args, **kwargs)

    @wraps(test)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        return await _block_of(item)(test)(*args, **kwargs)

    return asynchronous if iscoroutinefunction(test) else plain


def _is_unittest(item: pytest.Function) -> bool:
    import unittest

    return isinstance(item.instance, unittest.TestCase)
