"""However short keys may serve without a good fetch, they serve for their lifetime."""

from __future__ import annotations

from torii_backend.keystore import KeyStore

from .clock import Clock
from .issuer import SigningKey
from .jwks_server import JwksServer, settle


def test_keys_serve_for_their_lifetime_without_an_allowance_for_staleness(
    server: JwksServer, clock: Clock, key: SigningKey
) -> None:
    store = KeyStore(server.issuer, max_stale=0, clock=clock)
    store.key("key-1")
    server.publish(SigningKey("key-2"))
    clock.advance(299)
    assert store.key("key-1").point == key.point
    settle()
    assert len(server.requests) == 2
