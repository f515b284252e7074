"""The allowance of fetches for unknown kids is spent by unknown kids alone."""

from __future__ import annotations

import pytest

from torii_backend import InvalidToken
from torii_backend.keystore import KeyStore
from torii_backend.pacing import BUCKET_SIZE

from .clock import Clock
from .issuer import Issuer
from .jwks_server import settle


def test_a_due_refresh_leaves_the_whole_allowance_for_unknown_kids(clock: Clock) -> None:
    issuer = Issuer()
    store = KeyStore(issuer.url, fetch=issuer.fetch, clock=clock)
    store.key("key-1")
    clock.advance(299)
    store.key("key-1")
    settle()
    assert len(issuer.fetched) == 2
    for i in range(20):
        with pytest.raises(InvalidToken):
            store.key(f"forged-{i}")
    settle()
    assert len(issuer.fetched) == 2 + BUCKET_SIZE
