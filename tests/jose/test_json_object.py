"""The limit on objects and arrays in the JSON of a token or a key set."""

from __future__ import annotations

import json
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import any_json, fuzz
from tests.support.issuer import Issuer
from tests.support.refusal import reason
from torii_backend import Verifier
from torii_backend._jose.json_object import (
    MAX_CONTAINERS,
    MAX_DEPTH,
    decode_object,
    measured_object,
)


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


OPENINGS = {
    "arrays": (b"[", b"]"),
    "objects": (b'{"a":', b"}"),
    "closed in strings": (b'["]]]",', b"]"),
    "closed in names": (b'{"a}}":', b"}"),
    "behind an escaped quote": (b'["\\"]]",', b"]"),
    "behind an escaped backslash": (b'["\\\\",', b"]"),
}


@pytest.mark.parametrize(("opening", "closing"), OPENINGS.values(), ids=OPENINGS.keys())
def test_at_most_64_levels(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b'{"b":[[{}],[],[[[[1]],2]]],"a":' + opening * depth + b"1" + closing * depth + b"}"

    assert decode_object(nested(MAX_DEPTH))
    with pytest.raises(ValueError, match="deep"):
        decode_object(nested(MAX_DEPTH + 1))


def test_brackets_in_strings_are_no_levels() -> None:
    assert decode_object(b'{"a":"' + b"[" * 900 + b'","b":"\\\\","c":"{{"}')["b"] == "\\"


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return getsizeof(value) + sum(getsizeof(name) + _size(each) for name, each in value.items())
    inner = value if isinstance(value, tuple) else ()
    return getsizeof(value) + sum(map(_size, inner))


@fuzz
@given(st.dictionaries(st.text(min_size=1), any_json, min_size=1), st.booleans())
def test_the_memory_that_claims_take_is_not_underestimated(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode(
        "utf-8", "replace"
    )
    claims, memory = measured_object(text)
    # An entry of the cache counts 600 bytes besides.
    assert _size(claims) <= memory + 600
