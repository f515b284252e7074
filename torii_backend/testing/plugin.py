"""The pytest plugin: fixtures, a marker and an ini option.

pytest imports this module at each start, so it imports nothing but pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Callable, Optional

import pytest

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

    from torii_backend.client import ToriiClient
    from torii_backend.client.models import User
    from torii_backend.testing.sign_in import AuthBlock, OpenBlock
    from torii_backend.testing.torii_fixture import ToriiFixture

# One a process, from the first test that uses it.
_running = pytest.StashKey["ToriiFixture"]()
# The blocks of `auth_as` that fixtures have begun.
_of_fixtures = pytest.StashKey["dict[OpenBlock, pytest.FixtureDef[Any]]"]()


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
    config.stash[_of_fixtures] = {}
    config.addinivalue_line(
        "markers",
        "auth_as(user_id='user_test', *, role=None, organization=None, …): sign a user in for the "
        "test, as torii_backend.testing.auth_as does; the nearest marker wins",
    )


# First, because pytest-run-parallel makes a function of it that starts threads.
@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Sign the user of the marker in wherever the body of the test runs."""
    if isinstance(item, pytest.Function) and _marker(item) is not None:
        item.obj = _signed_in(item, item.obj)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the marker, and reset the emulator before a test that uses it, also through a fixture."""
    if _marker(item) is not None:
        _block_of(item)
    running = item.config.stash.get(_running, None)
    if running is not None and _uses_torii(item):
        running.begin()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Remember which blocks a fixture begins."""
    before = _open_blocks()
    try:
        return (yield)
    finally:
        for each in _open_blocks():
            if each not in before:
                request.config.stash[_of_fixtures].setdefault(each, fixturedef)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Sign the user of the marker in, and end what the test leaves open: the next one begins without."""
    before = _open_blocks()
    try:
        if _marker(item) is None:
            return (yield)
        return (yield from _call_signed_in(item))
    finally:
        for each in _open_blocks():
            if each not in before and each not in item.config.stash[_of_fixtures]:
                each.end()


def pytest_fixture_post_finalizer(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """End what a fixture leaves open."""
    begun = request.config.stash[_of_fixtures]
    for each in [each for each, fixture in begun.items() if fixture is fixturedef]:
        del begun[each]
        each.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Leave key fetches alone from the end of the test on, also if a fixture fails at its end."""
    try:
        return (yield)
    finally:
        running = item.config.stash.get(_running, None)
        if running is not None and running.is_in_use:
            running.end()


@pytest.fixture(scope="session")
def torii(pytestconfig: pytest.Config) -> Iterator[ToriiFixture]:
    """A local Torii, which is reset before each test that uses it.

    Its methods issue tokens, rotate keys, simulate outages and let it stand in for an issuer.
    """
    from torii_backend.errors import ConfigurationError
    from torii_backend.testing.torii_fixture import ToriiFixture

    try:
        emulator = ToriiFixture(pytestconfig.getini("torii_issuer"))
    except ConfigurationError as error:
        message = str(error).replace("issuer must", "torii_issuer must", 1)
        raise ConfigurationError(message) from None
    with emulator as running:
        running.begin()
        pytestconfig.stash[_running] = running
        yield running
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


def _open_blocks() -> tuple[OpenBlock, ...]:
    """Return all blocks of `auth_as` that are open, without importing it for a suite without."""
    module = sys.modules.get("torii_backend.testing.sign_in")
    return () if module is None else module.open_blocks()


def _marker(item: pytest.Item) -> Optional[pytest.Mark]:
    """Return the nearest marker: for pytest, one of a case is further away than that of the function."""
    case: Any = getattr(item, "callspec", None)
    of_case = (mark for mark in getattr(case, "marks", ()) if mark.name == "auth_as")
    return next(of_case, None) or item.get_closest_marker("auth_as")


def _block_of(item: pytest.Item) -> AuthBlock:
    """Return the block of the nearest marker; raises if its arguments are wrong."""
    from torii_backend.testing import auth_as

    marker = _marker(item)
    assert marker is not None  # noqa: S101 (callers have asked)
    return auth_as(*marker.args, **marker.kwargs)


def _call_signed_in(item: pytest.Item) -> Iterator[None]:
    """Sign the user of the marker in also where the body runs in a context that was made before."""
    block = _block_of(item)
    if _is_unittest(item):
        # An IsolatedAsyncioTestCase makes it when it is created.
        setattr(item.instance, item.name, block(item.obj))
    # The event loop of an async fixture may run each example of an async test.
    given: Any = getattr(getattr(item, "obj", None), "hypothesis", None)
    inner: Any = getattr(given, "inner_test", None)
    if inner is not None:
        given.inner_test = block(inner)
    try:
        with block:
            return (yield)
    finally:
        if inner is not None:
            given.inner_test = inner


def _signed_in(item: pytest.Item, test: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(test)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return _block_of(item)(test)(*args, **kwargs)

    @wraps(test)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        return await _block_of(item)(test)(*args, **kwargs)

    return asynchronous if iscoroutinefunction(test) else plain


def _is_unittest(item: pytest.Item) -> TypeGuard[pytest.Function]:
    import unittest

    return isinstance(getattr(item, "instance", None), unittest.TestCase)
