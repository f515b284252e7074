"""The fixtures of the plugin, used as a suite of an app uses them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.clock import Clock
from tests.support.issuer import Issuer
from torii_backend import (
    Authenticator,
    ConfigurationError,
    InvalidToken,
    KeysUnavailable,
    Revocations,
    Verifier,
    verify_token,
)
from torii_backend._keys import load
from torii_backend.client import ToriiClient
from torii_backend.client.models import User
from torii_backend.emulator import Emulator
from torii_backend.testing import auth_as
from torii_backend.testing.torii_fixture import ToriiFixture

PRODUCTION = "https://acme.torii.so"
# As an app makes it when it is imported.
EARLY = Verifier(PRODUCTION)


def test_a_token_is_that_of_the_fresh_user(
    torii: ToriiFixture, torii_user: User, torii_token: str, torii_headers: dict[str, str]
) -> None:
    auth = verify_token(torii_token, issuer=torii.issuer)
    assert (auth.user_id, auth.email_verified) == (torii_user.id, True)
    scheme, token = torii_headers["Authorization"].split()
    assert scheme == "Bearer"
    assert verify_token(token, issuer=torii.issuer).user_id == torii_user.id


def test_headers_of_others(torii: ToriiFixture) -> None:
    header = torii.headers("ada", role="admin", claims={"plan": "pro"})["Authorization"]
    auth = verify_token(header[len("Bearer ") :], issuer=torii.issuer)
    assert (auth.user_id, auth.organization_role, auth.organization_id) == (
        "ada",
        "admin",
        "org_test",
    )
    assert auth.claims["plan"] == "pro"
    assert (
        verify_token(torii.token(organization="org_1"), issuer=torii.issuer).organization_role
        is None
    )
    with pytest.raises(InvalidToken, match="expired"):
        verify_token(torii.token(expires_in=-60), issuer=torii.issuer)


def test_the_client_reaches_the_same_users(torii_client: ToriiClient, torii_user: User) -> None:
    assert torii_client.users.get(torii_user.id).email == torii_user.email


@pytest.mark.parametrize("turn", range(2))
def test_each_test_begins_without_users(torii_client: ToriiClient, turn: int) -> None:
    assert not list(torii_client.users.iterate())
    torii_client.users.create(email=f"{turn}@example.com")


@pytest.mark.parametrize("turn", range(50))
def test_50_tests_in_a_row_rotate_keys_and_stage_outages(torii: ToriiFixture, turn: int) -> None:
    if turn % 2:
        torii.stand_in_for(PRODUCTION)
    for verifier in (EARLY, Verifier(torii.issuer)) if turn % 2 else (Verifier(torii.issuer),):
        with torii.outage("error"), pytest.raises(KeysUnavailable):
            verifier.verify(torii.token())
        before = torii.token("ada")
        assert verifier.verify(before).user_id == "ada"
        torii.rotate_keys()
        assert verifier.verify(torii.token("bob")).user_id == "bob"
        torii.rotate_keys(withdraw=True)
        assert verifier.verify(torii.token("eve")).user_id == "eve"
        with pytest.raises(InvalidToken, match="does not publish"):
            verifier.verify(before)
    # Left on, for the next one.
    torii.outage("refuse")


def test_one_test_rotates_keys_as_often_as_it_likes(torii: ToriiFixture) -> None:
    """As with many examples of Hypothesis; and the known keys serve in an outage that follows."""
    torii.stand_in_for(PRODUCTION)
    for turn in range(10):
        torii.rotate_keys()
        token = torii.token(f"user_{turn}")
        assert EARLY.verify(token).user_id == f"user_{turn}"
        assert verify_token(torii.token(claims={"iss": torii.api_url}), issuer=torii.api_url)
    torii.rotate_keys(withdraw=True)
    with torii.outage("error"):
        assert EARLY.verify(token)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"user_id": 7}, "user_id must be a string, such as 'user_ada'."),
        ({"role": 7}, "role must be a string, such as 'admin'."),
        ({"role": ""}, "role must not be empty, such as 'admin'."),
        ({"organization": ["org_1"]}, "organization must be a string, such as 'org_1'."),
        ({"role": "admin", "claims": ["plan"]}, "claims must be a mapping of claim names"),
        ({"expires_in": "300"}, "expires_in must be a whole number of seconds, such as 300."),
        ({"claims": {"plan": object()}}, "claims must contain JSON values only, such as"),
    ],
)
def test_wrong_arguments_are_refused(
    torii: ToriiFixture, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        torii.headers(**arguments)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize("mode", ["refuse", "hang", "error", "html", "slow"])
def test_each_outage_acts_on_an_issuer_that_it_stands_in_for(
    torii: ToriiFixture, mode: Any
) -> None:
    torii.stand_in_for(PRODUCTION)
    verifier = Verifier(PRODUCTION, fetch_timeout=0.1)
    with torii.outage(mode):
        with pytest.raises(KeysUnavailable):
            verifier.verify(torii.token())
        assert requests.get(torii.api_url, timeout=9).status_code == 404
    assert verifier.verify(torii.token()).issuer == PRODUCTION


def test_its_issuer_is_that_of_the_environment(
    torii: ToriiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"{PRODUCTION}, https://beta.torii.so")
    torii.reset()
    assert torii.issuer == PRODUCTION != torii.api_url
    assert verify_token(torii.token()).issuer == PRODUCTION
    beta = {"iss": "https://beta.torii.so"}
    assert verify_token(torii.token(claims=beta)).issuer == beta["iss"]


def test_a_reset_ends_the_standing_in(torii: ToriiFixture) -> None:
    torii.stand_in_for(PRODUCTION)
    token = torii.token()
    assert EARLY.verify(token)
    torii.reset()
    assert torii.issuer == torii.api_url
    with pytest.raises(KeysUnavailable):
        EARLY.verify(token)


def test_a_wrong_issuer_is_refused(torii: ToriiFixture) -> None:
    with pytest.raises(ConfigurationError, match="issuer must be"):
        torii.stand_in_for("acme")


def test_keys_of_another_host_are_not_fetched(
    torii: ToriiFixture, caplog: pytest.LogCaptureFixture
) -> None:
    token = torii.token(claims={"iss": "https://acme.invalid"})
    with pytest.raises(KeysUnavailable) as raised:
        Verifier("https://acme.invalid").verify(token)
    sentence = (
        "a test with the fixture torii fetches no keys from other hosts. Call "
        "torii.stand_in_for(issuer), or give the app torii.issuer as its issuer"
    )
    assert str(raised.value.__cause__) == sentence
    assert sentence in caplog.text


def test_what_a_test_does_itself_is_left_alone(torii: ToriiFixture) -> None:
    issuer = Issuer()
    own = Verifier(issuer.url, fetch=issuer.fetch, clock=Clock())
    assert own.verify(issuer.token()).issuer == issuer.url
    with Emulator() as other:
        token = other.issue_token().access_token
        assert verify_token(token, issuer=other.issuer).issuer == other.issuer


def test_a_live_key_refuses_the_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_1")
    with pytest.raises(ConfigurationError, match="live key"):
        ToriiFixture()


def test_its_end_leaves_key_fetches_alone_whatever_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = ToriiFixture(PRODUCTION)
    with pytest.raises(RuntimeError, match="not started"):
        alone.begin()
    assert load.fetch_in_test is None
    with alone:
        alone.begin()
    assert load.fetch_in_test is None
    with ToriiFixture() as alone:
        monkeypatch.setenv("TORII_ISSUER", "acme")
        with pytest.raises(ConfigurationError, match="issuer must be"):
            alone.begin()
        assert load.fetch_in_test is None
        monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_1")
        with pytest.raises(ConfigurationError, match="live key"):
            alone.begin()
        assert load.fetch_in_test is None


def test_a_reset_ends_revocations(torii: ToriiFixture) -> None:
    """An app keeps its Revocations, and the next test may have the same users."""
    revocations = Revocations()
    verifier = Verifier(torii.issuer, revocations=revocations)
    token = torii.issue_token(user_id="user_ada").access_token
    verifier.verify(token)
    revocations.revoke("user_ada")
    with pytest.raises(InvalidToken):
        verifier.verify(token)
    torii.reset()
    assert revocations.stats().entries == 0
    assert verifier.verify(torii.issue_token(user_id="user_ada").access_token)


def test_auth_as_is_not_asked_whether_it_is_revoked() -> None:
    """There is no token. Otherwise a test would depend on those before it."""
    revocations = Revocations()
    guard = Authenticator(verifier=Verifier("https://acme.torii.so", revocations=revocations))
    with auth_as("user_ada"):
        revocations.revoke_all()
        assert guard.authenticate({})
