"""Async callers may run under trio, as anyio does it for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clock import Clock, TickingClock
from tests.support.issuer import Issuer, SigningKey
from tests.support.jwks_server import JwksServer, settle
from torii_backend import Auth, KeysUnavailable, Verifier
from torii_backend._guard.authenticator import Authenticator

trio: Any = pytest.importorskip("trio")


def test_a_fetch_is_awaited_under_trio(server: JwksServer, key: SigningKey, clock: Clock) -> None:
    guard = Authenticator(verifier=Verifier(server.issuer, clock=clock))
    header = {"authorization": f"Bearer {Issuer(server.issuer, key).token()}"}
    found: list[Any] = []

    async def many() -> None:
        async def use() -> None:
            found.append(await guard.authenticate_async(header))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(use)

    trio.run(many)
    assert [type(auth) for auth in found] == [Auth] * 5
    assert len(server.requests) == 1


def test_a_fetch_that_hangs_is_given_up_under_trio(server: JwksServer) -> None:
    with server.held(), pytest.raises(KeysUnavailable):
        trio.run(Verifier(server.issuer, clock=TickingClock(4.9)).warm_async)


def test_a_caller_under_trio_can_be_cancelled(server: JwksServer, clock: Clock) -> None:
    """The run is over before the fetch is."""
    verifier = Verifier(server.issuer, clock=clock)

    async def cancelled() -> None:
        with trio.move_on_after(0.1):
            await verifier.warm_async()

    with server.held():
        trio.run(cancelled)
    settle()
    verifier.warm()
    assert len(server.requests) == 1
