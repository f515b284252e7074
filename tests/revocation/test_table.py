"""Revocations in any order give the same table, and a token is refused if, and only if, the rule says so."""

from __future__ import annotations

import random
import tracemalloc
from typing import Optional, Union
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clock import Clock
from tests.support.fuzzing import fuzz
from tests.support.issuer import NOW
from torii_backend import Auth, Revocations
from torii_backend.auth import ReadOnlyDict

AGE = 1000
USERS = ["ada", "bob", "eve", "joe"]
Fact = tuple[Optional[str], float]

_moments = st.integers(NOW - AGE - 5, NOW + 60) | st.floats(NOW - 3, NOW + 3)
_facts = st.lists(st.tuples(st.sampled_from([*USERS, None]), _moments), max_size=12)


def auth(user_id: str, issued_at: float, actor: Optional[str] = None) -> Auth:
    claims = ReadOnlyDict({"iat": issued_at})
    nothing = (None, None, None)
    return Auth(user_id, "env_1", "", claims, False, True, actor is not None, actor, *nothing)


def told(facts: list[Fact], max_entries: int = 100) -> Revocations:
    revocations = Revocations(clock=Clock(), max_token_age=AGE, max_entries=max_entries)
    for user_id, moment in facts:
        if user_id is None:
            revocations.revoke_all(at=moment)
        else:
            revocations.revoke(user_id, at=moment)
    return revocations


@settings(fuzz)
@given(_facts, _moments.filter(lambda moment: moment >= NOW - AGE), st.data())
def test_a_token_is_refused_if_the_rule_says_so(
    facts: list[Fact], issued_at: float, data: st.DataObject
) -> None:
    user_id = data.draw(st.sampled_from([*USERS, "new"]))
    actor = data.draw(st.sampled_from([*USERS, None, None]))
    about = {user_id, actor, None}
    latest = max((moment for who, moment in facts if who in about), default=-1)
    assert told(facts).is_revoked(auth(user_id, issued_at, actor)) is (issued_at <= latest)


@settings(fuzz)
@given(_facts, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(facts: list[Fact], size: int, rng: random.Random) -> None:
    """Nor do repetitions, or how often the table was settled in between."""
    again = [*facts, *rng.sample(facts, len(facts) // 2)]
    rng.shuffle(again)
    one, other = told(facts, size), told(again, size)
    assert one.stats() == other.stats()
    assert one.stats().entries <= size
    for user_id in USERS:
        for moment in {moment for _, moment in facts}:
            for token in (auth(user_id, moment), auth(user_id, moment + 0.5)):
                assert one.is_revoked(token) is other.is_revoked(token)
                # With too many users, too much is refused, and never too little.
                assert one.is_revoked(token) >= told(facts).is_revoked(token) or moment < NOW - AGE


def test_too_many_users_make_the_oldest_count_for_everybody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    revocations = told([(f"user_{n}", NOW - 100 + n) for n in range(20)], max_entries=5)
    assert revocations.stats().entries == 5
    assert revocations.stats().everybody == NOW - 86
    for old, new in ((NOW - 86, NOW - 85), (NOW - 500, NOW - 80)):
        assert revocations.is_revoked(auth("someone", old))
        assert not revocations.is_revoked(auth("someone", new))
    assert revocations.is_revoked(auth("user_19", NOW - 81))
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert "More users are revoked than max_entries" in record.message


def test_entries_vanish_when_no_such_token_is_accepted_any_more() -> None:
    clock = Clock()
    revocations = Revocations(clock=clock, max_token_age=AGE)
    revocations.revoke_all(at=NOW - 1)
    for number in range(50):
        revocations.revoke(f"user_{number}")
    clock.advance(AGE)
    assert (revocations.stats().entries, revocations.stats().everybody) == (50, None)
    clock.advance(AGE)
    # A revocation settles the table from time to time, so it shrinks without `stats`.
    revocations.revoke("user_new")
    assert len(revocations._table) == 1


def test_an_entry_takes_at_most_200_bytes() -> None:
    revocations = Revocations(max_entries=10_000)
    tracemalloc.start()
    try:
        for number in range(10_000):
            revocations.revoke(UUID(int=number))
        assert tracemalloc.get_traced_memory()[0] / 10_000 < 200
    finally:
        tracemalloc.stop()
    assert revocations.stats().entries == 10_000


@pytest.mark.parametrize(
    ("user_id", "error"),
    [(None, TypeError), (7, TypeError), (b"x", TypeError)]
    + [(text, ValueError) for text in ("", "a\nb", "a\x00", "x" * 1025, "\ud800")],
)
def test_what_cannot_be_an_id_is_an_error(user_id: Union[str, UUID], error: type) -> None:
    for call in (Revocations().revoke, Revocations().refresh):
        with pytest.raises(error, match=r"^user_id must be .*\.$"):
            call(user_id)
