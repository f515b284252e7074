"""The log of refusals: levels, the rate, and the warning for an issuer that is wrong for all."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.issuer import URL, Issuer
from tests.support.observed import observed, refusals_logged
from torii_backend import Authenticator, PermissionDenied, ToriiAuthError, Verifier
from torii_backend._guard import refusal_log
from torii_backend.errors import InvalidToken, KeysUnavailable, MissingCredentials
from torii_backend.observing import Refused

OTHER = "https://staging.torii.so"


class _Time:
    """A clock for the lines, which a test advances."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> _Time:
    time = _Time()
    monkeypatch.setattr(refusal_log, "time", time)
    return time


def _refuse(refusal: ToriiAuthError, method: str = "GET", adapter: str = "flask") -> None:
    guard = Authenticator(issuer=URL)
    request: Any = _request(method)
    guard.response_to(refusal, request, adapter=adapter)


def _request(method: str) -> Any:
    from torii_backend._guard.request import WSGIRequest

    return WSGIRequest({"REQUEST_METHOD": method})


def test_everyday_refusals_are_debug_and_others_info() -> None:
    with refusals_logged(logging.INFO) as lines:
        _refuse(MissingCredentials())
        _refuse(InvalidToken("expired"))
        _refuse(InvalidToken("bad_signature"), adapter="django")
        _refuse(KeysUnavailable(), adapter="wsgi")
        Authenticator(issuer=URL).response_to(InvalidToken("revoked"), {})
    assert lines == [
        "INFO refused: bad_signature 401 GET django",
        "INFO refused: keys_unavailable 503 GET wsgi",
        "INFO refused: revoked 401 - authenticator",
    ]


def test_one_line_a_second_and_reason_with_the_number_held_back(time: _Time) -> None:
    with refusals_logged() as lines:
        for _ in range(1_000):
            _refuse(InvalidToken("bad_signature"))
        _refuse(InvalidToken("revoked"))
        time.seconds += 0.9
        _refuse(InvalidToken("bad_signature"))
        time.seconds += 0.1
        _refuse(InvalidToken("bad_signature"), "POST")
        time.seconds += 1
        _refuse(InvalidToken("bad_signature"))
    assert lines == [
        "INFO refused: bad_signature 401 GET flask",
        "INFO refused: revoked 401 GET flask",
        "INFO refused: bad_signature 401 POST flask (1000 more since the last line)",
        "INFO refused: bad_signature 401 GET flask",
    ]


def test_many_threads_log_one_line(time: _Time) -> None:
    barrier = threading.Barrier(8)

    def refuse(_: int) -> None:
        barrier.wait(30)
        for _ in range(50):
            _refuse(InvalidToken("bad_signature"))

    with refusals_logged() as lines, ThreadPoolExecutor(8) as pool:
        list(pool.map(refuse, range(8)))
        time.seconds += 1
        _refuse(InvalidToken("bad_signature"))
    assert lines[1:] == ["INFO refused: bad_signature 401 GET flask (399 more since the last line)"]


class OwnRefusal(ToriiAuthError):
    """Of the application, which may build its reason from anything."""

    reason = "user ada@example.com\nINFO forged"


def test_words_that_are_not_ours_are_not_logged() -> None:
    with refusals_logged() as lines, observed(Refused) as heard:
        _refuse(OwnRefusal())
        _refuse(PermissionDenied("No.", "quota-of-ada"), "X\nFORGED")  # type: ignore[arg-type]
    assert lines == ["INFO refused: _OTHER 401 GET flask"]
    assert heard.events == [
        Refused("_OTHER", 401, "flask", "GET"),
        Refused("_OTHER", 403, "flask", "_OTHER"),
    ]


def _send(guard: Authenticator, token: str, count: int = 1) -> None:
    for _ in range(count):
        request = {"authorization": f"Bearer {token}"} if token else {}
        try:
            guard.authenticate(request)
        except ToriiAuthError as refusal:
            guard.response_to(refusal, request, adapter="flask")


def _warnings(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("WARNING")]


WARNING = (
    f"WARNING refused: the first 20 access tokens were all issued by an issuer other than {URL}. Set "
    "issuer (or TORII_ISSUER) to the `iss` of your tokens, which `torii explain` shows."
)


@pytest.fixture
def guard(issuer: Issuer) -> Authenticator:
    return Authenticator(verifier=Verifier(issuer.url, fetch=issuer.fetch, clock=Clock()))


@pytest.fixture
def foreign(issuer: Issuer) -> str:
    return issuer.token(iss=OTHER)


def test_a_wrong_issuer_for_all_is_a_warning_once(guard: Authenticator, foreign: str) -> None:
    with refusals_logged(logging.WARNING) as lines:
        _send(guard, foreign, 19)
        assert lines == []
        _send(guard, foreign)
        assert lines == [WARNING]
        _send(guard, foreign, 100)
        assert lines == [WARNING]


def test_requests_without_a_token_do_not_count(guard: Authenticator, foreign: str) -> None:
    with refusals_logged(logging.WARNING) as lines:
        for _ in range(20):
            _send(guard, foreign)
            _send(guard, "")
            _send(guard, "not-a-jwt")
        assert lines == [WARNING]


def test_guards_of_one_issuer_are_counted_together(issuer: Issuer, foreign: str) -> None:
    """So that it is noticed if each view has a guard of its own."""
    with refusals_logged() as lines:
        for _ in range(20):
            _send(
                Authenticator(verifier=Verifier(issuer.url, fetch=issuer.fetch, clock=Clock())),
                foreign,
            )
    assert _warnings(lines) == [WARNING]


@pytest.mark.parametrize("is_accepted", [True, False])
def test_any_other_token_says_that_the_issuer_is_right(
    issuer: Issuer, guard: Authenticator, foreign: str, is_accepted: bool
) -> None:
    with refusals_logged() as lines:
        _send(guard, foreign, 19)
        if is_accepted:
            assert guard.authenticate({"authorization": f"Bearer {issuer.token()}"})
        else:
            _send(guard, issuer.token(exp=1, iat=0))
        _send(guard, foreign, 100)
    assert _warnings(lines) == []


def test_a_guard_that_picks_the_issuer_by_the_request_never_warns(foreign: str) -> None:
    with refusals_logged() as lines:
        _send(Authenticator(issuer=lambda _: None), foreign, 30)
    assert _warnings(lines) == []


def test_so_many_issuers_are_counted_and_no_more(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer, foreign: str
) -> None:
    monkeypatch.setattr(refusal_log, "MAX_ISSUERS", 1)
    with refusals_logged() as lines:
        for url in (URL, "https://third.torii.so"):
            _send(
                Authenticator(verifier=Verifier(url, fetch=issuer.fetch, clock=Clock())),
                foreign,
                25,
            )
    assert len(_warnings(lines)) == 1
