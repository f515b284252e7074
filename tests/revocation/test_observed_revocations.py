"""What listeners hear of revocations that this process makes."""

from __future__ import annotations

import asyncio

from tests.support.observed import observed
from torii_backend import Revocations
from torii_backend.observing import Revoked


def test_each_revocation_is_told_without_the_user() -> None:
    revocations = Revocations()
    with observed(Revoked) as heard:
        revocations.revoke("user_ada")
        asyncio.run(revocations.refresh_async("user_ada"))
        revocations.revoke_all()
    assert heard.events == [
        Revoked("user", refresh=False),
        Revoked("user", refresh=True),
        Revoked("everybody", refresh=False),
    ]
