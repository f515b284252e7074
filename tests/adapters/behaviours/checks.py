"""`check`: a function of the application, among the conditions of a policy."""

from __future__ import annotations

import asyncio

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour
from torii_backend import Auth


def passes(auth: Auth) -> bool:
    return True


def refuses(auth: Auth) -> bool:
    return False


def explains(auth: Auth) -> str:
    return "Ask an owner for an invitation."


def crashes(auth: Auth) -> bool:
    raise Crash


def says_nothing(auth: Auth) -> None:
    return


async def passes_later(auth: Auth) -> bool:
    await asyncio.sleep(0)
    return True


async def refuses_later(auth: Auth) -> bool:
    await asyncio.sleep(0)
    return False


async def explains_later(auth: Auth) -> str:
    await asyncio.sleep(0)
    return explains(auth)


@behaviour
def a_check_that_returns_true_passes(guard: Guard) -> None:
    guard.admits(guard.good(), check=passes)
    guard.admits(guard.good(), required=False, check=passes)


@behaviour
def a_check_that_returns_false_or_a_sentence_refuses(guard: Guard) -> None:
    for check, refusal in ((refuses, "check"), (explains, "explained")):
        guard.refuses(guard.good(), refusal, check=check)
        guard.refuses(guard.good(method="HEAD"), refusal, check=check)
        guard.refuses(guard.good(), refusal, required=False, check=check)


@behaviour
def a_check_that_fails_does_not_reach_the_application(guard: Guard) -> None:
    for check in (crashes, says_nothing):
        response = guard.call(guard.good(), check=check)  # type: ignore[arg-type]
        assert response.status == 500
        assert b"ada" not in response.body


@behaviour
def an_async_check_is_awaited(guard: Guard) -> None:
    guard.admits(guard.good(), check=passes_later)
    guard.admits(guard.good(), required=False, check=passes_later)


@behaviour
def an_async_check_is_never_skipped(guard: Guard) -> None:
    """If it can't be awaited, that is an error of the application."""
    for check, refusal in ((refuses_later, "check"), (explains_later, "explained")):
        response = guard.call(guard.good(), check=check)
        assert b"ada" not in response.body
        if response.status != 500:
            guard.assert_refused(response, refusal)
