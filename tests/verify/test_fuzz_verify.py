"""For any input, a Verifier returns an Auth or raises InvalidToken."""

from __future__ import annotations

from typing import Any, Union

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.clock import Clock
from tests.support.fuzzing import any_json, any_text, fuzz
from tests.support.issuer import Issuer, b64url
from tests.support.refusal import reason
from torii_backend import Auth, InvalidToken, Verifier

ISSUER = Issuer()
VERIFIER = Verifier(ISSUER.url, fetch=ISSUER.fetch, clock=Clock())
TOKEN = ISSUER.token(email_verified=True, roles=["a", "b"])
REASONS = {
    "malformed",
    "unsupported_algorithm",
    "unknown_key",
    "bad_signature",
    "expired",
    "not_yet_valid",
    "wrong_issuer",
    "wrong_audience",
    "missing_claim",
    "invalid_claim",
}
NAMES = ["iss", "sub", "pid", "iat", "exp", "nbf", "act", "o", "org_id", "org_role", "locale"]


def outcome(token: Any) -> Union[Auth, str]:
    try:
        auth = VERIFIER.verify(token)
    except InvalidToken as refusal:
        return refusal.reason if refusal.reason in REASONS else pytest.fail(refusal.reason)
    assert type(auth) is Auth
    return auth


@fuzz
@example("\ud800.\ud800.\ud800")
@given(any_text | st.binary(max_size=100))
def test_any_text_or_bytes(token: Union[str, bytes]) -> None:
    assert isinstance(outcome(token), str)


@fuzz
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_any_parts(parts: list[bytes]) -> None:
    assert isinstance(outcome(".".join(b64url(part) for part in parts)), str)


@fuzz
@given(st.binary(max_size=100), st.sampled_from(["header", "payload", "both"]))
def test_any_signed_bytes(part: bytes, place: str) -> None:
    header = ISSUER.header() if place == "payload" else part
    payload = ISSUER.claims() if place == "header" else part
    assert isinstance(outcome(ISSUER.key.compact(header, payload)), str)


@fuzz
@given(any_json)
def test_any_signed_json(value: Any) -> None:
    header = ISSUER.header(**value) if isinstance(value, dict) else ISSUER.header(x=value)
    outcome(ISSUER.key.compact(header, ISSUER.claims()))
    claims = ISSUER.claims(**value) if isinstance(value, dict) else ISSUER.claims(x=value)
    outcome(ISSUER.key.compact(ISSUER.header(), claims))


@fuzz
@given(st.dictionaries(st.sampled_from(NAMES), any_json, min_size=1))
def test_any_values_of_the_claims_that_count(claims: dict[str, Any]) -> None:
    outcome(ISSUER.odd_token(**claims))


@fuzz
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), any_json, min_size=1))
def test_any_values_of_the_header_members_that_count(header: dict[str, Any]) -> None:
    outcome(ISSUER.odd_token(header=header))


@fuzz
@given(
    st.integers(0, len(TOKEN) - 1),
    st.characters(exclude_categories=()) | st.sampled_from("ABCabc019-_.="),
)
def test_one_changed_character_is_refused(index: int, character: str) -> None:
    changed = TOKEN[:index] + character + TOKEN[index + 1 :]
    assert type(outcome(changed)) is (Auth if changed == TOKEN else str)


@fuzz
@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 7))
def test_one_changed_bit_is_refused(index: int, bit: int) -> None:
    changed = bytearray(TOKEN.encode())
    changed[index] ^= 1 << bit
    assert isinstance(outcome(bytes(changed)), str)


@fuzz
@given(st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN)))
def test_a_cut_or_repeated_token_is_refused(start: int, end: int) -> None:
    piece = TOKEN[start:end]
    if piece != TOKEN:
        assert isinstance(outcome(piece), str)
    if start:
        assert isinstance(outcome(TOKEN + TOKEN[:start]), str)


def test_the_unchanged_token_is_accepted() -> None:
    assert isinstance(outcome(TOKEN), Auth)
    assert reason(VERIFIER, TOKEN[:-1]) == "malformed"
