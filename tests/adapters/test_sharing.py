"""What guards share: a Verifier that they are given, and the pool of those that they make."""

from __future__ import annotations

import gc
from collections.abc import Mapping

from torii_backend import Verifier
from torii_backend._keys.fetch import fetch
from torii_backend._verify.verifier_pool import MAX_VERIFIERS

from .behaviours.tenants import ByHost
from .contract import Guard
from .drivers import DRIVERS
from .issuers import Issuers


def test_all_adapters_may_share_one_verifier(issuers: Issuers) -> None:
    fetched: list[str] = []

    def noting(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        fetched.append(url)
        return fetch(url, timeout)

    verifier = Verifier(issuers.home.issuer, fetch=noting)
    guards = [Guard(driver, issuers) for driver in DRIVERS]
    request = guards[0].good()
    for guard in guards:
        guard.admits(request, verifier=verifier)
        guard.refuses(request, "role", verifier=verifier, role="admin")
    assert len(fetched) == 1


def test_any_number_of_tenants_takes_bounded_room(issuers: Issuers) -> None:
    hosts = [f"tenant-{number}.example" for number in range(3 * MAX_VERIFIERS)]
    guard = Guard(DRIVERS[-1], issuers)
    app = guard.build({"issuer": ByHost({host: f"https://{host}" for host in hosts})})
    before = _verifiers()
    for host in hosts:
        guard.assert_refused(app(guard.good()._replace(host=host)), "wrong_issuer")
    assert _verifiers() - before <= MAX_VERIFIERS


def test_a_tenant_that_comes_again_is_remembered(issuers: Issuers) -> None:
    guard = Guard(DRIVERS[-1], issuers)
    app = guard.build({"issuer": ByHost({"again.example": "https://again.example"})})
    request = guard.good()._replace(host="again.example")
    app(request)
    before = _verifiers()
    for _ in range(5):
        guard.assert_refused(app(request), "wrong_issuer")
    assert _verifiers() <= before


def _verifiers() -> int:
    gc.collect()
    return sum(type(thing) is Verifier for thing in gc.get_objects())
