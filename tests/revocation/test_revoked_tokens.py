"""A Verifier refuses revoked tokens, those in its cache too."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import os
import pickle
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import NOW, Issuer
from tests.support.refusal import reason
from torii_backend import (
    ConfigurationError,
    InvalidToken,
    Revocations,
    RevocationsUnavailable,
    Verifier,
)
from torii_backend._verify.explain import explain

UPPER = "0190A0B0-0000-7000-8000-00000000000A"


def outcome(verifier: Verifier, token: str) -> str:
    """Verify a token both ways; return the reason why it is refused, or `accepted`."""
    found = set()
    for verify in (verifier.verify, lambda token: asyncio.run(verifier.verify_async(token))):
        try:
            verify(token)
            found.add("accepted")
        except InvalidToken as refusal:
            found.add(refusal.reason)
    (word,) = found
    assert explain(token, verifier).reason == (None if word == "accepted" else word)
    return word


@pytest.mark.parametrize("revoke", [Revocations.revoke, Revocations.refresh])
@pytest.mark.parametrize("cached", [True, False])
def test_the_tokens_that_a_user_has_are_refused(
    verifier: Verifier,
    issuer: Issuer,
    revocations: Revocations,
    revoke: Callable[[Revocations, str], None],
    cached: bool,
) -> None:
    token, later, other = issuer.token(), issuer.token(iat=NOW + 1), issuer.token(sub="user_bob")
    if cached:
        for each in (token, later, other) * 2:
            verifier.verify(each)
    revoke(revocations, "user_ada")
    for _ in range(2):
        assert outcome(verifier, token) == "revoked"
        assert outcome(verifier, later) == outcome(verifier, other) == "accepted"
    assert str(InvalidToken("revoked")) == "The access token has been revoked."


def test_within_a_second(verifier: Verifier, issuer: Issuer, revocations: Revocations) -> None:
    """An integer may be from before or after: it is refused. A fraction says which."""
    revocations.revoke("user_ada", at=NOW + 0.25)
    assert outcome(verifier, issuer.token()) == "revoked"
    assert outcome(verifier, issuer.token(iat=NOW + 0.25)) == "revoked"
    assert outcome(verifier, issuer.token(iat=NOW + 0.5)) == "accepted"


def test_now_is_the_end_of_this_second(
    verifier: Verifier, issuer: Issuer, revocations: Revocations, clock: Clock
) -> None:
    clock.advance(0.1)
    revocations.revoke("user_ada")
    assert outcome(verifier, issuer.token(iat=NOW + 1)) == "revoked"
    assert outcome(verifier, issuer.token(iat=NOW + 1.1)) == "accepted"


def test_a_moment_in_the_future_counts_for_a_minute(
    verifier: Verifier, issuer: Issuer, revocations: Revocations, clock: Clock
) -> None:
    revocations.revoke_all(at=NOW + 5000)
    clock.advance(60)
    assert outcome(verifier, issuer.token(iat=NOW + 60)) == "revoked"
    assert outcome(verifier, issuer.token(iat=NOW + 61)) == "accepted"


@pytest.mark.parametrize("everybody_first", [True, False])
def test_the_latest_moment_counts(
    verifier: Verifier, issuer: Issuer, revocations: Revocations, everybody_first: bool
) -> None:
    def one_user() -> None:
        revocations.revoke("user_ada", at=NOW - 9)

    if not everybody_first:
        one_user()
    revocations.revoke_all(at=NOW - 5)
    if everybody_first:
        one_user()
    for user_id in ("user_ada", "user_bob"):
        assert outcome(verifier, issuer.token(sub=user_id, iat=NOW - 5)) == "revoked"
        assert outcome(verifier, issuer.token(sub=user_id, iat=NOW - 4)) == "accepted"


@pytest.mark.parametrize("cached", [True, False])
def test_who_was_revoked_no_longer_acts_as_others(
    verifier: Verifier, issuer: Issuer, revocations: Revocations, cached: bool
) -> None:
    token = issuer.token(act={"sub": "user_root"})
    if cached:
        verifier.verify(token)
    revocations.revoke("user_root")
    assert outcome(verifier, token) == "revoked"
    assert outcome(verifier, issuer.token()) == "accepted"


@pytest.mark.parametrize("cached", [True, False])
def test_a_token_may_not_be_older_than_what_is_remembered(
    issuer: Issuer, clock: Clock, cached: bool
) -> None:
    revocations = Revocations(max_token_age=600, clock=clock)
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock, revocations=revocations)
    token = issuer.token(exp=NOW + 9000)
    if cached:
        assert verifier.seconds_left(verifier.verify(token)) == 600
    clock.advance(600)
    assert outcome(verifier, token) == "accepted"
    clock.advance(0.1)
    assert outcome(verifier, token) == "revoked"
    # Other reasons come first, as without revocations.
    assert outcome(verifier, issuer.token(iat=NOW - 9000, exp=NOW - 8000)) == "expired"
    rule = explain(token, verifier).rules[-1]
    assert (rule.name, rule.outcome) == ("revocation", "failed")
    assert rule.expected == "issued at most 600 s ago (max_token_age)"
    assert rule.actual == "issued at 2025-06-15 15:06:40 UTC, 10 minutes ago"


def test_what_is_explained_of_a_revoked_token(
    verifier: Verifier, issuer: Issuer, revocations: Revocations
) -> None:
    verifier.warm()
    assert explain(issuer.token(), verifier).rules[-1].outcome == "ok"
    revocations.revoke("user_ada")
    rule = explain(issuer.token(), verifier).rules[-1]
    assert (rule.name, rule.outcome) == ("revocation", "failed")
    assert rule.expected == "issued after the user's tokens were revoked"


@pytest.mark.parametrize("cached", [True, False])
def test_none_is_accepted_if_it_is_unknown_which_are_revoked(
    issuer: Issuer, clock: Clock, cached: bool
) -> None:
    class Away(Revocations):
        def warm(self) -> None:
            raise RevocationsUnavailable

        async def warm_async(self) -> None:
            raise RevocationsUnavailable

    revocations = Away(clock=clock)
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock, revocations=revocations)
    token = issuer.token()
    if cached:
        verifier.verify(token)
    revocations.fresh_until = clock.monotonic()
    for call in (
        lambda: verifier.verify(token),
        lambda: asyncio.run(verifier.verify_async(token)),
        verifier.warm,
        lambda: asyncio.run(verifier.warm_async()),
    ):
        with pytest.raises(RevocationsUnavailable):
            call()
    revocations.fresh_until = clock.monotonic() + 1
    assert outcome(verifier, token) == "accepted"


def test_one_object_serves_several_verifiers(
    verifier: Verifier, issuer: Issuer, clock: Clock, revocations: Revocations
) -> None:
    other = Verifier(issuer.url, fetch=issuer.fetch, clock=clock, revocations=revocations)
    plain = Verifier(issuer.url, fetch=issuer.fetch, clock=clock)
    token = issuer.token()
    revocations.revoke("user_ada")
    assert outcome(verifier, token) == outcome(other, token) == "revoked"
    assert outcome(plain, token) == "accepted"
    assert other.revocations is revocations
    assert plain.revocations is None


@pytest.mark.parametrize("given", [UPPER, UUID(UPPER), UPPER.lower(), UPPER.replace("-", "")])
def test_a_uuid_may_be_spelt_in_every_way(
    verifier: Verifier, issuer: Issuer, revocations: Revocations, given: Any
) -> None:
    """The REST API takes upper case as well, and tokens have lower case."""
    revocations.revoke(given)
    assert outcome(verifier, issuer.token(sub=UPPER.lower())) == "revoked"
    assert outcome(verifier, issuer.token(sub=str(given))) == "revoked"


def test_a_datetime(verifier: Verifier, issuer: Issuer, revocations: Revocations) -> None:
    revocations.revoke("user_ada", at=datetime.fromtimestamp(NOW - 1, timezone.utc))
    assert outcome(verifier, issuer.token(iat=NOW - 1)) == "revoked"
    assert outcome(verifier, issuer.token()) == "accepted"


@pytest.mark.parametrize(
    ("at", "error"),
    [(datetime(2026, 1, 2), ValueError), ("now", TypeError), (True, TypeError)]  # noqa: DTZ001
    + [(number, ValueError) for number in (-1, float("nan"), float("inf"), -float("inf"))],
)
def test_what_is_not_a_time_is_an_error(revocations: Revocations, at: Any, error: type) -> None:
    for call in (revocations.revoke_all, lambda at: revocations.revoke("user_ada", at=at)):
        with pytest.raises(error, match=r"^at must be .*\.$"):
            call(at=at)
    assert revocations.stats().entries == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_token_age": 0}, "max_token_age must be more than 0 seconds, such as 86400."),
        ({"max_token_age": "day"}, "max_token_age must be a number of seconds, such as 30."),
        ({"max_entries": 0}, "max_entries must be at least 1, such as 100000."),
        ({"max_entries": 1.5}, "max_entries must be a whole number, zero or more."),
    ],
)
def test_wrong_settings(settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Revocations(**settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("wrong", [Revocations, True, "redis://127.0.0.1", object()])
def test_a_verifier_takes_nothing_else(issuer: Issuer, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="such as Revocations"):
        Verifier(issuer.url, revocations=wrong)


def test_copies_share_it_and_pickles_are_refused(
    verifier: Verifier, issuer: Issuer, revocations: Revocations
) -> None:
    """A copy in another process would know nothing of what is revoked later."""
    assert copy.deepcopy(verifier).revocations is revocations
    copy.deepcopy(revocations).revoke("user_ada")
    assert reason(verifier, issuer.token()) == "revoked"
    for thing in (revocations, Verifier(issuer.url, revocations=revocations)):
        with pytest.raises(TypeError, match=r"^Revocations can't be pickled\."):
            pickle.dumps(thing)


def test_users_are_named_at_debug_only(
    revocations: Revocations, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend.revocation")
    revocations.revoke("user_ada")
    revocations.refresh("user_ada")
    revocations.revoke_all()
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("DEBUG", "Revoked the tokens of user_ada."),
        ("DEBUG", "Outdated the tokens of user_ada."),
        ("DEBUG", "Revoked the tokens of everybody."),
    ]
    assert "user_ada" not in repr(revocations)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_knows_what_was_revoked_before(
    verifier: Verifier, issuer: Issuer, revocations: Revocations
) -> None:
    auth = verifier.verify(issuer.token(sub="user_bob"))
    revocations.revoke("user_ada")
    told: list[str] = []
    revocations.watch(auth, lambda: told.append("parent"))
    entered, release = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        with revocations._lock:
            entered.set()
            release.wait(WATCHDOG)

    holder = threading.Thread(target=hold_the_lock)
    holder.start()
    entered.wait(WATCHDOG)
    child = os.fork()
    if child == 0:
        try:
            known = reason(verifier, issuer.token()) == "revoked"
            revocations.revoke("user_bob")
            known &= reason(verifier, issuer.token(sub="user_bob")) == "revoked"
            os._exit(0 if known and not told else 1)
        finally:
            os._exit(2)
    release.set()
    holder.join(WATCHDOG)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert outcome(verifier, issuer.token(sub="user_bob")) == "accepted"


def test_threads_revoke_and_verify_at_once(
    verifier: Verifier, issuer: Issuer, revocations: Revocations
) -> None:
    """Each thread sees what it has revoked, while others change and settle the table."""
    tokens = {f"user_{n}": issuer.token(sub=f"user_{n}") for n in range(40)}

    def revoke(user_id: str) -> str:
        verifier.verify(tokens[user_id])
        revocations.revoke(user_id)
        revocations.stats()
        return reason(verifier, tokens[user_id])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(revoke, tokens)) == {"revoked"}


class TestWatching:
    def test_it_is_told_once_the_token_is_revoked(
        self, verifier: Verifier, issuer: Issuer, revocations: Revocations
    ) -> None:
        auth = verifier.verify(issuer.token(act={"sub": "user_root"}))
        told: list[str] = []
        stop = revocations.watch(auth, lambda: told.append("x"))
        revocations.revoke("user_bob")
        revocations.revoke("user_ada", at=NOW - 1)
        assert told == []
        revocations.revoke("user_root")
        assert told == ["x"]
        revocations.watch(auth, lambda: told.append("at once"))
        assert told == ["x", "at once"]
        stop()
        stop()
        revocations.revoke("user_ada")
        assert told == ["x", "at once", "at once"]

    def test_everybody_is_told(self, verifier: Verifier, issuer: Issuer, clock: Clock) -> None:
        auth = verifier.verify(issuer.token())
        for case in ("everybody", "too many"):
            revocations = Revocations(max_entries=1, clock=clock)
            told: list[str] = []
            revocations.watch(auth, lambda told=told: told.append("x"))  # type: ignore[misc]
            if case == "everybody":
                revocations.revoke_all()
            else:
                revocations.revoke("user_bob", at=NOW + 1)
                revocations.revoke("user_eve", at=NOW + 2)
            assert told == ["x"]

    def test_nothing_is_kept_of_who_stopped(
        self, verifier: Verifier, issuer: Issuer, revocations: Revocations
    ) -> None:
        class Socket:
            def close(self) -> None: ...

        auths = [verifier.verify(issuer.token(sub=f"user_{n % 7}")) for n in range(1000)]
        sockets = [Socket() for _ in auths]
        stops = [revocations.watch(auth, each.close) for auth, each in zip(auths, sockets)]
        alive = [weakref.ref(each) for each in sockets]
        for stop in stops:
            stop()
        del sockets, stops
        gc.collect()
        assert [each() for each in alive if each() is not None] == []
        assert revocations._watchers._by_id == {}
