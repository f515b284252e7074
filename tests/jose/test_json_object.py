"""The limit on objects and arrays in the JSON of a token or a key set."""

from __future__ import annotations

import json

import pytest

from tests.support.issuer import Issuer
from tests.support.refusal import reason
from torii_backend import Verifier
from torii_backend._jose.json_object import MAX_CONTAINERS, decode_object


@pytest.mark.parametrize("container", [b"[]", b"{}"])
def test_at_most_a_thousand_objects_and_arrays(container: bytes) -> None:
    def flat(count: int) -> bytes:
        return b'{"a":[' + b",".join([container] * (count - 2)) + b"]}"

    assert len(decode_object(flat(MAX_CONTAINERS))["a"]) == 998
    with pytest.raises(ValueError, match="too many"):
        decode_object(flat(MAX_CONTAINERS + 1))


def test_the_same_limit_for_claims(verifier: Verifier, issuer: Issuer) -> None:
    def token(count: int) -> str:
        payload = json.dumps(issuer.claims(flat=[[]] * (count - 2))).encode()
        return issuer.key.compact(issuer.header(), payload)

    assert len(verifier.verify(token(1_000)).claims["flat"]) == 998
    assert reason(verifier, token(1_001)) == "malformed"
