"""A Verifier remembers the header segments of good tokens, with their keys, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Callable

import pytest

from tests.support.clock import Clock
from tests.support.issuer import Issuer, SigningKey
from tests.verify.test_token_cache import texts_held_by
from torii_backend import Auth, InvalidToken, Verifier
from torii_backend._verify.verifier import MAX_HEADERS

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


def test_a_header_that_two_issuers_use(clock: Clock) -> None:
    """Each token is verified with the keys of its own issuer, whichever came last."""
    acme, beta = Issuer("https://acme.torii.so"), Issuer("https://beta.torii.so")

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        return (acme if url.startswith(acme.url) else beta).fetch(url, timeout)

    verifier = Verifier([acme.url, beta.url], fetch=fetch, clock=clock)
    for number in range(3):
        for issuer in (acme, beta):
            assert verifier.verify(issuer.token(jti=str(number))).issuer == issuer.url


def test_few_headers_are_remembered(verifier: Verifier, issuer: Issuer) -> None:
    """An issuer whose tokens all have different headers takes no more memory for each."""
    for number in range(70):
        verifier.verify(issuer.odd_token(header={"jti": number}))
    assert len(verifier._headers) <= MAX_HEADERS
    again = issuer.odd_token(header={"jti": 69}, jti="another")
    assert verifier.verify(again)
