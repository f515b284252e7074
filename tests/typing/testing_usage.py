"""How tests use `torii_backend.testing`, as type checkers see it."""

from __future__ import annotations

import unittest
from collections.abc import Awaitable, Iterator
from typing import Callable

from typing_extensions import assert_type

from torii_backend import Auth, KeysUnavailable
from torii_backend.testing import AuthBlock, auth_as, make_auth, refused, signed_out


@auth_as("user_ada", role="admin", organization="org_1", claims={"plan": "pro"}, expires_in=60)
def test_plain(client: str) -> None:
    test_plain("client")
    test_plain(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@signed_out()
async def test_async(client: str) -> bool:
    assert_type(await test_async(client), bool)
    return True


@refused("expired")
def steps() -> Iterator[int]:
    yield 1


@auth_as(email_verified=False, profile_complete=False, actor="user_support", locale="en")
class InvoiceTests(unittest.TestCase):
    @refused(KeysUnavailable(7))
    def test_outage(self) -> None:
        with auth_as() as nothing:
            assert_type(nothing, None)

    def helper(self) -> int:
        return 7


assert_type(InvoiceTests().helper(), int)
assert_type(steps(), Iterator[int])
assert_type(make_auth("user_ada", role="admin"), Auth)
assert_type(auth_as(), AuthBlock)
plain: Callable[[str], object] = test_plain
asynchronous: Callable[[str], Awaitable[bool]] = test_async

auth_as(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
auth_as(plan="pro")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
auth_as("user_ada", "admin")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
refused("expird")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
refused(KeysUnavailable)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
signed_out("ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
