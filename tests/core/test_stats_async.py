"""What is verified in asyncio counts as what is verified elsewhere."""

from __future__ import annotations

import asyncio

from torii_backend import Verifier

from .issuer import Issuer


def test_the_numbers_of_asyncio(verifier: Verifier, issuer: Issuer) -> None:
    for _ in range(3):
        asyncio.run(verifier.verify_async(issuer.token()))
    token = issuer.token(sub="user_grace")
    for _ in range(3):
        asyncio.run(verifier.verify_async(token))
    stats = verifier.stats()
    assert stats.hits + stats.misses == 6
    assert (stats.hits, stats.misses) == (2, 4)
