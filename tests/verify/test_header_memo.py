"""A Verifier remembers the header segments of good tokens, with their keys, and no others."""

from __future__ import annotations

import asyncio
from typing import Callable

import pytest

from tests.support.clock import Clock
from tests.support.issuer import Issuer, SigningKey
from tests.support.jwks_server import settle
from tests.verify.test_token_cache import texts_held_by
from torii_backend import Auth, InvalidToken, Verifier
from torii_backend._keys.keystore import KeyStore

Verify = Callable[[Verifier, str], Auth]

WAYS: dict[str, Verify] = {
    "sync": lambda verifier, token: verifier.verify(token),
    "async": lambda verifier, token: asyncio.run(verifier.verify_async(token)),
}


@pytest.mark.parametrize("verify", WAYS.values(), ids=WAYS.keys())
def test_a_forged_header_is_not_remembered(
    verifier: Verifier, issuer: Issuer, verify: Verify
) -> None:
    """Otherwise forged tokens would take the room of good ones."""
    forger = SigningKey(issuer.key.kid)
    forged = forger.compact(issuer.header(forged=True), issuer.claims())
    with pytest.raises(InvalidToken):
        verify(verifier, forged)
    good = issuer.token()
    verify(verifier, good)
    texts = list(texts_held_by(verifier))
    assert good.partition(".")[0].encode() in texts
    assert forged.partition(".")[0].encode() not in texts


def test_a_header_is_not_remembered_with_a_withdrawn_key(clock: Clock) -> None:
    """A refresh may replace the keys while a signature is verified."""
    issuer = Issuer()
    store = KeyStore(issuer.url, fetch=issuer.fetch, clock=clock)
    old = store.key("key-1")
    issuer.key = SigningKey("key-1")
    clock.advance(299)
    store.key("key-1")
    settle()
    store.remember_header(b"header", old)
    assert store.key_for_header(b"header", clock.monotonic()) is None
    store.remember_header(b"header", store.key("key-1"))
    assert store.key_for_header(b"header", clock.monotonic()) is store.key("key-1")
