"""The seconds that a fetch may take, and keys that come later than that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import NOW, URL, Issuer, SigningKey, jwks
from tests.support.jwks_server import JwksServer, settle
from torii_backend import Authenticator, ConfigurationError, KeysUnavailable, Verifier
from torii_backend._keys.fetcher import forget_keys


class Slow:
    """A `fetch` that takes longer than it may, by a clock and until `gate` is set."""

    def __init__(self, clock: Clock) -> None:
        self.keys = [SigningKey("key-1")]
        self.gates: list[threading.Event] = []
        self.timeouts: list[float] = []
        self._clock = clock

    def __call__(self, _url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.timeouts.append(timeout)
        gate = threading.Event()
        document = jwks(*self.keys)
        self.gates.append(gate)
        assert gate.wait(WATCHDOG)
        return document, {}

    def wait_for(self, count: int) -> None:
        """Wait until so many fetches have started."""
        until(lambda: len(self.gates) >= count)

    def release(self, number: int) -> None:
        self.wait_for(number + 1)
        self.gates[number].set()


def token_of(key: SigningKey) -> str:
    return Issuer(URL, key).token(exp=NOW + 10**6)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(int(WATCHDOG * 100)):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")


@pytest.mark.parametrize(
    ("argument", "variable", "seconds"),
    [
        (None, None, 5.0),
        (None, "", 5.0),
        (None, " ", 5.0),
        (None, "2.5", 2.5),
        (None, " 60 ", 60.0),
        (7, "2.5", 7.0),
        (0.1, None, 0.1),
    ],
)
def test_a_fetch_of_your_own_gets_the_seconds(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    argument: Optional[float],
    variable: Optional[str],
    seconds: float,
) -> None:
    if variable is not None:
        monkeypatch.setenv("TORII_FETCH_TIMEOUT", variable)
    got: list[float] = []

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        got.append(timeout)
        return jwks(SigningKey()), {}

    Verifier(URL, fetch=fetch, fetch_timeout=argument, clock=clock).warm()
    assert got == [seconds]


WRONG: list[Any] = [0, 0.09, -1, 60.1, float("nan"), float("inf"), True, "5", (3, 5), 10**400]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_seconds(wrong: Any) -> None:
    for make in (Verifier, Authenticator):
        with pytest.raises(ConfigurationError, match=r"fetch_timeout must be .* such as 5"):
            make(URL, fetch_timeout=wrong) if make is Verifier else make(
                issuer=URL, fetch_timeout=wrong
            )


@pytest.mark.parametrize("wrong", ["0", "61", "five", "nan", "5s", "1,5"])
def test_a_wrong_variable(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", wrong)
    for make in (
        lambda: Verifier(URL),
        lambda: Authenticator(issuer=URL),
        lambda: Authenticator(issuer=lambda _request: URL),
    ):
        with pytest.raises(ConfigurationError, match="TORII_FETCH_TIMEOUT"):
            make()


def test_a_guard_passes_the_seconds_on(server: JwksServer, key: SigningKey) -> None:
    """Hanging for longer than 5 s would fail, and 0.1 s does."""
    token = Issuer(server.issuer, key).token()
    hasty = Authenticator(issuer=server.issuer, fetch_timeout=0.1)
    of_request = Authenticator(issuer=lambda _request: server.issuer + "/", fetch_timeout=0.1)
    with server.held():
        for guard in (hasty, of_request):
            with pytest.raises(KeysUnavailable):
                guard.authenticate({"authorization": f"Bearer {token}"})
    with pytest.raises(ConfigurationError, match="verifier"):
        Authenticator(verifier=Verifier(server.issuer), fetch_timeout=1)


@pytest.mark.parametrize("seconds", [5, 9, 60])
def test_good_keys_that_come_late_are_used(clock: Clock, seconds: float) -> None:
    slow = Slow(clock)
    verifier = Verifier(URL, fetch=slow, clock=clock)
    verifier.prefetch()
    slow.wait_for(1)
    clock.advance(seconds)
    # The first fetch is found overdue, and another one starts.
    verifier.prefetch()
    slow.release(0)
    until(lambda: verifier.stats().keys_age is not None)
    assert verifier.verify(token_of(slow.keys[0]))
    slow.release(1)
    settle()
    assert verifier.verify(token_of(slow.keys[0]))
    assert verifier.stats().fetches == 2


def test_late_keys_do_not_replace_newer_ones(clock: Clock) -> None:
    slow = Slow(clock)
    verifier = Verifier(URL, fetch=slow, clock=clock)
    verifier.prefetch()
    slow.wait_for(1)
    clock.advance(60)
    slow.keys = [SigningKey("key-2")]
    verifier.prefetch()
    slow.release(1)
    until(lambda: verifier.stats().keys_age is not None)
    slow.release(0)
    settle()
    assert verifier.verify(token_of(slow.keys[0]))
    assert verifier.stats().fetches == 2


def test_keys_that_arrive_after_a_reset_are_not_used(clock: Clock) -> None:
    slow = Slow(clock)
    verifier = Verifier(URL, fetch=slow, clock=clock)
    verifier.prefetch()
    slow.wait_for(1)
    forget_keys(URL)
    slow.release(0)
    settle()
    assert verifier.stats().keys_age is None
