"""Claims: which are required, their types, and when a token is valid."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.issuer import ABSENT, NOW, Issuer
from tests.support.refusal import reason, refusal
from torii_backend import InvalidToken, Verifier

END_OF_9999 = 253402300799


@pytest.mark.parametrize("name", ["iss", "sub", "pid", "iat", "exp"])
def test_a_missing_required_claim(verifier: Verifier, issuer: Issuer, name: str) -> None:
    changes: dict[str, Any] = {name: ABSENT}
    token = issuer.odd_token(**changes)
    assert refusal(verifier, token) == ("missing_claim", name)


@pytest.mark.parametrize("name", ["iss", "sub", "pid"])
@pytest.mark.parametrize("value", ["", None, 0, 7, 1.5, True, False, [], ["x"], {}, {"x": "y"}])
def test_an_id_that_is_empty_or_not_a_string(
    verifier: Verifier, issuer: Issuer, name: str, value: Any
) -> None:
    assert refusal(verifier, issuer.odd_token(**{name: value})) == ("invalid_claim", name)


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize(
    "value",
    [None, True, False, "", str(NOW + 100), [], [NOW + 100], {}, -1, -0.5, -NOW]
    + [END_OF_9999 + 1, END_OF_9999 + 0.5, 2**63, 2**64, 10**30, 10**300, 1e30, 1e308],
)
def test_a_time_that_is_not_a_number_or_out_of_range(
    verifier: Verifier, issuer: Issuer, name: str, value: Any
) -> None:
    assert refusal(verifier, issuer.odd_token(**{name: value})) == ("invalid_claim", name)


@pytest.mark.parametrize("name", ["iat", "exp", "nbf", "custom"])
@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5_000, "1" * 400 + ".5"]
)
def test_a_number_that_json_or_a_float_cannot_hold(
    verifier: Verifier, issuer: Issuer, name: str, number: str
) -> None:
    payload = json.dumps(issuer.claims(**{name: "NUMBER"})).replace('"NUMBER"', number)
    token = issuer.key.compact(issuer.header(), payload.encode())
    assert reason(verifier, token) == "malformed"


def test_times_may_have_fractions(verifier: Verifier, issuer: Issuer, clock: Clock) -> None:
    token = issuer.token(iat=NOW - 0.25, exp=NOW + 0.5, nbf=NOW - 0.25)
    clock.advance(30.25)
    assert verifier.verify(token).expires_at.microsecond == 500_000
    clock.advance(0.25)
    assert reason(verifier, token) == "expired"


def test_the_earliest_and_the_latest_time(verifier: Verifier, issuer: Issuer) -> None:
    auth = verifier.verify(issuer.token(iat=0, exp=END_OF_9999, nbf=0))
    assert (auth.issued_at.year, auth.expires_at.year) == (1970, 9999)


@pytest.mark.parametrize("leeway", [0, 0.5, 30, 30.0, 3600])
def test_the_last_moment_of_a_token(issuer: Issuer, clock: Clock, leeway: float) -> None:
    verifier = Verifier(issuer.url, leeway=leeway, fetch=issuer.fetch, clock=clock)
    token = issuer.token(exp=NOW + 60)
    clock.advance(60 + leeway - 0.001)
    assert verifier.verify(token)
    clock.advance(0.001)
    assert clock.time() == NOW + 60 + leeway
    assert reason(verifier, token) == "expired"
    clock.advance(1e9)
    assert reason(verifier, token) == "expired"


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 0.5, 30, 30.0, 3600])
def test_the_first_moment_of_a_token(
    issuer: Issuer, clock: Clock, name: str, leeway: float
) -> None:
    verifier = Verifier(issuer.url, leeway=leeway, fetch=issuer.fetch, clock=clock)
    token = issuer.token(**{name: NOW + 4000, "exp": NOW + 9000})
    assert reason(verifier, token) == "not_yet_valid"
    clock.advance(4000 - leeway - 0.001)
    assert reason(verifier, token) == "not_yet_valid"
    clock.advance(0.001)
    assert clock.time() == NOW + 4000 - leeway
    assert verifier.verify(token)


def test_the_leeway_is_thirty_seconds_by_default(verifier: Verifier, issuer: Issuer) -> None:
    assert verifier.verify(issuer.token(exp=NOW - 29.999))
    assert reason(verifier, issuer.token(exp=NOW - 30)) == "expired"
    assert verifier.verify(issuer.token(iat=NOW + 30))
    assert reason(verifier, issuer.token(iat=NOW + 30.001)) == "not_yet_valid"


def test_an_error_contains_nothing_from_the_token(verifier: Verifier, issuer: Issuer) -> None:
    marked = "https://marked.example"
    tokens = [
        issuer.token(iss=marked),
        issuer.token(exp=NOW - 31, sub=marked),
        issuer.odd_token(header={"kid": marked}),
        issuer.odd_token(header={"alg": marked}),
        issuer.odd_token(pid=[marked]),
        issuer.odd_token(exp=marked),
        issuer.token(sub=marked)[:-6] + "AAAAAA",
        marked,
    ]
    for token in tokens:
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(token)
        for text in (str(caught.value), repr(caught.value)):
            assert "marked" not in text
            assert issuer.url not in text
            assert not any(part and part in text for part in token.split("."))
