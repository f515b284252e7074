"""`check`: a function of the application's own among the conditions of a policy."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Union

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, bearer
from torii_backend import Auth

from .preflight import PREFLIGHT


def passes(auth: Auth) -> bool:
    return True


def refuses(auth: Auth) -> bool:
    return False


def explains(auth: Auth) -> str:
    return "Ask an owner for an invitation."


def knows_ada(auth: Auth) -> Union[bool, str]:
    return auth.user_id == "ada"


def crashes(auth: Auth) -> bool:
    raise Crash


def says_nothing(auth: Auth) -> None:
    return


def says_yes(auth: Auth) -> int:
    return 1


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
def a_check_that_says_true_passes(guard: Guard) -> None:
    guard.admits(guard.good(), check=passes)
    guard.admits(guard.good(), required=False, check=passes)


@behaviours(false=(refuses, "check"), sentence=(explains, "explained"))
def a_check_that_says_anything_else_refuses(guard: Guard, case: tuple[Any, str]) -> None:
    check, refusal = case
    guard.refuses(guard.good(), refusal, check=check)
    guard.refuses(guard.good(method="HEAD"), refusal, check=check)
    guard.refuses(guard.good(), refusal, required=False, check=check)


@behaviour
def a_check_is_given_the_auth(guard: Guard) -> None:
    guard.admits(guard.good(), check=knows_ada)
    guard.refuses(bearer(guard.token("grace")), "check", check=knows_ada)


@behaviour
def a_check_comes_after_the_other_conditions(guard: Guard) -> None:
    guard.refuses(guard.good(), "role", role="admin", check=crashes)


@behaviour
def a_check_is_asked_about_users_alone(guard: Guard) -> None:
    guard.admits(Request(), None, required=False, check=crashes)
    guard.admits(Request("/health"), None, exempt=["/health"], check=crashes)
    guard.admits(PREFLIGHT, None, check=crashes)
    guard.refuses(Request(), "no_credentials", check=crashes)
    guard.refuses(bearer(guard.issuers.token(expires_in=-3600)), "expired", check=crashes)


@behaviours(crash=crashes, nothing=says_nothing, number=says_yes)
def a_check_that_fails_does_not_let_the_request_in(guard: Guard, check: Any) -> None:
    response = guard.call(guard.good(), check=check)
    assert response.status == 500
    assert b"ada" not in response.body


@behaviour
def an_async_check_is_awaited(guard: Guard) -> None:
    guard.admits(guard.good(), check=passes_later)
    guard.admits(guard.good(), required=False, check=passes_later)


@behaviours(false=(refuses_later, "check"), sentence=(explains_later, "explained"))
def an_async_check_lets_nobody_in_unasked(
    guard: Guard, case: tuple[Callable[..., Any], str]
) -> None:
    """Where it cannot be awaited, that is an error of the application."""
    check, refusal = case
    response = guard.call(guard.good(), check=check)
    assert b"ada" not in response.body
    if response.status != 500:
        guard.assert_refused(response, refusal)
