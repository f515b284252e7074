"""Sentry sends the variables of each function that an error leaves: none of ours shows a token."""

from __future__ import annotations

import json
from typing import Callable

import pytest

from tests.support.clock import Clock
from tests.support.issuer import Issuer
from tests.support.jwks_server import run
from tests.support.sentry import event_of
from torii_backend import (
    ConfigurationError,
    ToriiAuthError,
    Verifier,
    authenticate_request,
    verify_token,
)
from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.request import WSGIRequest


class BrokenClock(Clock):
    """Fails once it is broken."""

    is_broken = False

    def time(self) -> float:
        if self.is_broken:
            raise OSError("no clock")
        return super().time()


def verify_without_clock(issuer: Issuer, take: Callable[[], str]) -> None:
    clock = BrokenClock()
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=clock)
    clock.is_broken = True
    verifier.verify(take())


def fail(_: object) -> bool:
    raise OSError("no check")


USES: dict[str, Callable[[Issuer, Callable[[], str]], object]] = {
    "verify": lambda issuer, take: Verifier(issuer.url, fetch=issuer.fetch).verify(take()),
    "verify_async": lambda issuer, take: run(
        Verifier(issuer.url, fetch=issuer.fetch).verify_async(take())
    ),
    "verify_token": lambda _, take: verify_token(take(), issuer="http://127.0.0.1:9"),
    "clock": verify_without_clock,
    "guard": lambda issuer, take: Authenticator(
        verifier=Verifier(issuer.url, fetch=issuer.fetch), check=fail
    ).authenticate(WSGIRequest({"HTTP_AUTHORIZATION": f"Bearer {take()}"})),
    "guard of headers": lambda issuer, take: Authenticator(
        verifier=Verifier(issuer.url, fetch=issuer.fetch), check=fail
    ).authenticate({"authorization": f"Bearer {take()}"}),
    "identify": lambda issuer, take: Authenticator(
        verifier=Verifier(issuer.url, fetch=issuer.fetch)
    ).identify({"authorization": f"Bearer {take()}"}),
    "async guard": lambda issuer, take: run(
        Authenticator(
            verifier=Verifier(issuer.url, fetch=issuer.fetch), check=fail
        ).authenticate_async({"authorization": f"Bearer {take()}"})
    ),
    "authenticate_request": lambda _, take: authenticate_request(
        {"authorization": f"Bearer {take()}"}, issuer="http://127.0.0.1:9"
    ),
    "wrong setting": lambda _, take: authenticate_request(
        {"authorization": f"Bearer {take()}"}, issuer="acme"
    ),
}

SPOILED: dict[str, Callable[[str], str]] = {
    "good": lambda token: token,
    "bad signature": lambda token: token[:-4] + "AAAA",
    "two parts": lambda token: token.rpartition(".")[0],
    "padding": lambda token: token.replace(".", "=.", 1),
    "a space": lambda token: token.replace(".", ". ", 1),
    "two tokens": lambda token: f"{token}, Bearer {token}",
    "too long": lambda token: token + "A" * 16384,
    "not ASCII": lambda token: token + "é",
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_no_event_has_the_token(
    issuer: Issuer,
    use: Callable[[Issuer, Callable[[], str]], object],
    spoil: Callable[[str], str],
) -> None:
    token = issuer.token(iat=1, exp=9_999_999_999)
    try:
        use(issuer, lambda: spoil(token))
    except (ToriiAuthError, ConfigurationError, OSError) as error:
        # Not with this function, whose variable is the token.
        text = json.dumps(event_of(error.with_traceback(error.__traceback__.tb_next)))  # type: ignore[union-attr]
    else:
        assert spoil(token) == token
        return
    assert '"vars"' in text
    signature = token.rpartition(".")[2]
    for part in (token, signature[:40], token.split(".")[1]):
        assert part not in text
