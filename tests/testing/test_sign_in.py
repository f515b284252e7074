"""`auth_as`, `signed_out` and `refused`, where no framework has a part in it."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import threading
import time
import unittest
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any, Callable, Optional

import pytest

from torii_backend import (
    Auth,
    Authenticator,
    ConfigurationError,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    PermissionDenied,
    ToriiAuthError,
    Verifier,
    authenticate_request,
    authenticate_request_async,
)
from torii_backend._guard import authenticator as seam
from torii_backend.testing import AuthBlock, auth_as, make_auth, refused, signed_out

ISSUER = "https://acme.torii.so"
GUARD = Authenticator(issuer=ISSUER)


def user(guard: Authenticator = GUARD) -> Optional[str]:
    """Give the user of a request without credentials, or why it is refused."""
    try:
        auth = guard.authenticate({})
    except ToriiAuthError as refusal:
        return refusal.reason
    return None if auth is None else auth.user_id


NOBODY = "missing_credentials"


def test_a_block_begins_and_ends() -> None:
    with auth_as("ada"):
        assert user() == "ada"
        with auth_as("bob"), signed_out():
            assert user() == NOBODY
            with refused("expired"):
                assert user() == "expired"
        assert user() == "ada"
        with pytest.raises(ZeroDivisionError), auth_as("bob"):
            _ = 1 / 0
        assert user() == "ada"
    assert user() == NOBODY


def test_guards_of_one_issuer_get_the_same_auth() -> None:
    others = (
        Authenticator(issuer=ISSUER + "/", role="admin", organization="org_test"),
        Authenticator(issuer=["https://other.torii.so", ISSUER]),
        Authenticator(verifier=Verifier(ISSUER)),
        Authenticator(issuer=lambda _: ISSUER, required=False),
    )
    with auth_as("ada", role="admin"):
        auth = GUARD.authenticate({})
        assert auth is not None and auth.issuer == auth.claims["iss"] == ISSUER
        assert all(guard.authenticate({}) is auth for guard in others)
        assert authenticate_request({}, issuer=ISSUER) is auth
        assert asyncio.run(authenticate_request_async(None, issuer=ISSUER)) is auth
        assert asyncio.run(GUARD.authenticate_async({})) is auth


def test_a_guard_of_another_issuer_gets_its_own() -> None:
    with auth_as("ada"):
        assert user() == "ada"
        other = Authenticator(issuer=["https://first.torii.so", "https://next.torii.so"])
        found = other.authenticate({})
        assert found is not None and found.issuer == "https://first.torii.so"


def test_a_request_of_no_tenant_is_refused() -> None:
    guard = Authenticator(issuer=lambda _: None)
    with auth_as("ada"):
        assert user(guard) == "wrong_issuer"
        with signed_out():
            assert user(guard) == NOBODY


def test_authenticate_request_obeys() -> None:
    with refused(KeysUnavailable(7)):
        with pytest.raises(KeysUnavailable):
            authenticate_request({}, issuer=ISSUER)
        with pytest.raises(KeysUnavailable):
            asyncio.run(authenticate_request_async({}, issuer=ISSUER))
        with pytest.raises(InvalidToken, match="well-formed"):
            authenticate_request({"Authorization": "Bearer x"}, issuer=ISSUER)
    with pytest.raises(MissingCredentials):
        authenticate_request({}, issuer=ISSUER)


def test_a_verifier_is_given_a_token_and_does_not_obey() -> None:
    with auth_as("ada"), pytest.raises(InvalidToken):
        Verifier(ISSUER).verify("")


@pytest.mark.parametrize(
    "error",
    [
        KeysUnavailable(7),
        PermissionDenied("No."),
        MissingCredentials("Sign in."),
        InvalidToken("expired"),
    ],
)
def test_any_refusal_is_raised_as_it_is(error: ToriiAuthError) -> None:
    lengths: set[int] = set()
    for _ in range(2):
        with refused(error), pytest.raises(type(error)) as raised:
            GUARD.authenticate({})
        assert raised.value is error
        lengths.add(len(raised.traceback))
    assert len(lengths) == 1, "the traceback grows"


def test_an_optional_guard_passes_what_has_no_credentials() -> None:
    optional = Authenticator(issuer=ISSUER, required=False)
    with refused(MissingCredentials()):
        assert user(optional) is None
    with refused("expired"):
        assert user(optional) == "expired"


def test_no_key_is_prefetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is any socket or thread made."""

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("a socket or a thread is made")

    verifier = Verifier(ISSUER)
    guard = Authenticator(verifier=verifier)
    monkeypatch.setattr(socket, "socket", fail)
    monkeypatch.setattr(threading.Thread, "start", fail)
    with auth_as("ada"):
        guard.prefetch()
        assert user(guard) == "ada"
    assert verifier.stats().fetches == 0


def test_a_token_that_would_have_expired_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As users do, so that neither a debugger nor a frozen clock makes a request fail."""
    now = 1_600_000_000
    monkeypatch.setattr(time, "time", lambda: now)
    with auth_as("ada"):
        first = GUARD.authenticate({})
        now += 329
        assert first is not None and GUARD.authenticate({}) is first
        now += 1
        second = GUARD.authenticate({})
        assert second is not None and second.claims["iat"] == now
        # As at the end of a part of the test with a frozen clock.
        now -= 10_000
        third = GUARD.authenticate({})
        assert third is not None and GUARD.seconds_left(third) == 330


def test_a_guard_judges_the_lifetime_with_its_leeway() -> None:
    with auth_as(expires_in=-31):
        assert user() == "expired"
    with auth_as(expires_in=-20):
        auth = GUARD.authenticate({})
        assert auth is not None and 8 <= GUARD.seconds_left(auth) <= 10


def test_threads_of_a_test_are_not_signed_in() -> None:
    found: list[Optional[str]] = []
    with auth_as("ada"):
        thread = threading.Thread(target=lambda: found.append(user()))
        thread.start()
        thread.join()
    assert found == [NOBODY]


def test_a_task_is_signed_in_as_what_began_it_until_the_block_ends() -> None:
    """A task or a server that lives on can't sign the next test in."""

    async def tasks() -> list[Optional[str]]:
        async def asked(wait: asyncio.Event) -> Optional[str]:
            await wait.wait()
            return user()

        def ask(wait: asyncio.Event) -> asyncio.Future[Optional[str]]:
            return asyncio.ensure_future(asked(wait))

        now, later = asyncio.Event(), asyncio.Event()
        with auth_as("ada"):
            found = [ask(now)]
            with auth_as("bob"):
                found += [ask(now), ask(later)]
            now.set()
            during = await asyncio.gather(*found[:1], user_soon())
            later.set()
            after_bob = await found[2]
            late = ask(later)
        return [*during, await found[1], after_bob, await late, user()]

    async def user_soon() -> Optional[str]:
        await asyncio.sleep(0)
        return user()

    assert asyncio.run(tasks()) == ["ada", "ada", "ada", "ada", NOBODY, NOBODY]


def test_a_block_may_end_in_another_context() -> None:
    """As in async fixtures of which each step runs in a task of its own."""
    block = auth_as("ada")
    fixture = copy_context()
    fixture.run(block.__enter__)
    assert fixture.run(user) == "ada"
    block.__exit__(None, None, None)
    assert fixture.run(user) == user() == NOBODY


def test_a_block_that_several_contexts_entered_ends_in_each_by_itself() -> None:
    block = auth_as("ada")
    first, second = copy_context(), copy_context()
    first.run(block.__enter__)
    second.run(block.__enter__)
    first.run(block.__exit__, None, None, None)
    assert (first.run(user), second.run(user)) == (NOBODY, "ada")
    second.run(block.__exit__, None, None, None)
    assert second.run(user) == NOBODY


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_server_is_not_signed_in() -> None:
    with auth_as("ada"):
        child = os.fork()
        if child == 0:
            os._exit(0 if user() == NOBODY else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert user() == "ada"


def test_blocks_may_end_in_any_order() -> None:
    ada, bob = auth_as("ada"), auth_as("bob")
    ada.__enter__()
    bob.__enter__()
    ada.__exit__(None, None, None)
    assert user() == "bob"
    bob.__exit__(None, None, None)
    assert user() == NOBODY


def test_one_block_may_be_entered_twice() -> None:
    block = auth_as("ada")
    with block, auth_as("bob"):
        with block:
            assert user() == "ada"
        assert user() == "bob"


@auth_as("ada")
def plain(name: str, *, more: int = 1) -> tuple[Optional[str], str, int]:
    """Say who is signed in."""
    return user(), name, more


@auth_as("ada")
async def asynchronous() -> Optional[str]:
    await asyncio.sleep(0)
    return user()


@auth_as("ada")
def generator() -> Iterator[Optional[str]]:
    yield user()
    yield user()


def test_functions_can_be_decorated() -> None:
    assert plain("x", more=2) == ("ada", "x", 2)
    assert plain.__doc__ == "Say who is signed in."
    assert list(inspect.signature(plain).parameters) == ["name", "more"]
    assert inspect.iscoroutinefunction(asynchronous)
    assert asyncio.run(asynchronous()) == "ada"
    assert user() == NOBODY


def test_a_generator_is_signed_in_to_its_end() -> None:
    """As a fixture, so that the test is, too."""
    steps = generator()
    assert next(steps) == "ada" == user()
    steps.close()  # type: ignore[attr-defined]
    assert user() == NOBODY


@pytest.mark.parametrize("test", [None, "test", 7])
def test_only_functions_and_classes_can_be_decorated(test: Any) -> None:
    with pytest.raises(TypeError, match="a function or a class"):
        auth_as()(test)


def test_auth_as_without_parentheses_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"write @auth_as\(\) above the test"):
        auth_as(user)  # type: ignore[arg-type]


def test_an_async_generator_cannot_be_decorated() -> None:
    async def steps() -> Any:
        yield 1

    with pytest.raises(TypeError, match=r"write `with auth_as\(...\):`"):
        auth_as()(steps)


class Base:
    def test_inherited(self) -> Optional[str]:
        return user()

    @auth_as("eve")
    def test_own(self) -> Optional[str]:
        return user()

    @staticmethod
    def test_static() -> Optional[str]:
        return user()

    @classmethod
    def test_class(cls) -> Optional[str]:
        return user()

    async def test_async(self) -> Optional[str]:
        return user()

    def helper(self) -> Optional[str]:
        return user()

    test_data = ("not", "a", "test")


@auth_as("ada")
class Decorated(Base):
    pass


@auth_as("bob")
class DecoratedAgain(Decorated):
    pass


@pytest.mark.parametrize(
    ("kind", "expected"), [(Base, NOBODY), (Decorated, "ada"), (DecoratedAgain, "bob")]
)
def test_the_tests_of_a_class_can_be_decorated(kind: type[Base], expected: str) -> None:
    """Inherited ones too, and the nearest decorator wins."""
    tests = kind()
    for name in ("test_inherited", "test_static", "test_class"):
        assert getattr(tests, name)() == expected
    assert kind.test_static() == kind.test_class() == expected
    assert asyncio.run(tests.test_async()) == expected
    assert tests.test_own() == "eve"
    assert tests.helper() == NOBODY
    assert tests.test_data == ("not", "a", "test")


@auth_as("ada")
class _Unittest(unittest.TestCase):
    def setUp(self) -> None:
        assert user() == NOBODY

    def test_user(self) -> None:
        assert user() == "ada"

    @signed_out()
    def test_nobody(self) -> None:
        assert user() == NOBODY


@auth_as("ada")
class _AsyncUnittest(unittest.IsolatedAsyncioTestCase):
    async def test_user(self) -> None:
        await asyncio.sleep(0)
        assert user() == "ada"


@pytest.mark.parametrize(("kind", "count"), [(_Unittest, 2), (_AsyncUnittest, 1)])
def test_unittest_needs_nothing_else(kind: type[unittest.TestCase], count: int) -> None:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(kind).run(result)
    assert (result.testsRun, result.errors, result.failures) == (count, [], [])


@pytest.mark.parametrize("reason", ["expird", "", "missing_credentials"])
def test_an_unknown_reason_names_the_known_ones(reason: Any) -> None:
    with pytest.raises(ValueError, match=r"malformed, .*expired, .*or a ToriiAuthError"):
        refused(reason)


@pytest.mark.parametrize("reason", [None, 401, KeysUnavailable, ValueError("expired")])
def test_a_reason_is_a_word_or_an_error(reason: Any) -> None:
    with pytest.raises(TypeError, match="such as 'expired'"):
        refused(reason)


def _entered(make: Callable[[], AuthBlock]) -> Callable[[], None]:
    def enter() -> None:
        with make():
            pytest.fail("entered")

    return enter


@pytest.mark.parametrize(
    "use",
    [
        _entered(auth_as),
        _entered(signed_out),
        _entered(lambda: refused("expired")),
        auth_as("ada")(lambda: pytest.fail("called")),
        make_auth,
    ],
)
@pytest.mark.parametrize("key", ["sk_live_hidden", ' "sk_live_hidden"'])
def test_a_live_key_is_refused(
    use: Callable[[], object], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", key)
    with pytest.raises(ConfigurationError, match="must be a test key") as raised:
        use()
    assert "hidden" not in str(raised.value)
    assert user() == NOBODY


def test_a_live_key_that_comes_later_refuses_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    with auth_as("ada"):
        monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_hidden")
        with pytest.raises(ConfigurationError, match="must be a test key"):
            user()


def test_a_test_key_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_hidden")
    with auth_as("ada"):
        assert user() == "ada"


def test_nothing_is_set_before_the_first_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "stand_in_of_test", None)
    block = auth_as("ada")
    make_auth()
    assert seam.stand_in_of_test is None
    with block:
        assert isinstance(GUARD.authenticate({}), Auth)
