"""What it costs that requests can be observed: unused, by the log, and by OpenTelemetry."""

from __future__ import annotations

import logging
from statistics import median
from typing import Optional

from figure import Figure, at_most
from issuer import running_issuer
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider
from stopwatch import difference, interleaved

from torii_backend import Auth, Authenticator, InvalidToken, Verifier
from torii_backend._guard.refusal_log import note_refusal
from torii_backend.observing.slots import SLOTS
from torii_backend.otel import instrument

# Few, so that most rounds run without an interruption on a busy machine.
_CALLS = 100


def _authorize_unobservably(self: Authenticator, auth: Optional[Auth]) -> None:
    """Do as `Authenticator.authorize` would without a look at the slot."""
    if auth is not None and self._policy is not None:
        self._policy.enforce(auth)


def _without(guard: Authenticator, auth: Optional[Auth]) -> None:
    for _ in range(_CALLS):
        _authorize_unobservably(guard, auth)


def _unused(guard: Authenticator, auth: Optional[Auth]) -> None:
    authorize = Authenticator.authorize
    for _ in range(_CALLS):
        authorize(guard, auth)


def measure(*, quick: bool) -> list[Figure]:
    """Time guards in turns: one that can't be observed, one that isn't, and one with OpenTelemetry."""
    rounds = 500 if quick else 4000
    undo = instrument(NoOpTracerProvider(), NoOpMeterProvider(), user_id=True)
    with_otel = SLOTS.admitted
    undo()
    with running_issuer() as issuer:
        verifier = Verifier(issuer.url)
        headers = {"authorization": f"Bearer {next(issuer.tokens())}"}
        guard = Authenticator(verifier=verifier)
        auth = guard.authenticate(headers)

        def requests() -> None:
            for _ in range(_CALLS):
                guard.authenticate(headers)

        def observed() -> None:
            SLOTS.admitted = with_otel
            requests()
            SLOTS.admitted = None

        # Each in a function of its own, as Python optimizes a call for what it has called before.
        steps = {
            "without": lambda: _without(guard, auth),
            "unused": lambda: _unused(guard, auth),
            "request": requests,
            "otel": observed,
        }
        seconds = interleaved(steps, rounds)
    unused = difference(seconds["unused"], seconds["without"]) / _CALLS
    otel = difference(seconds["otel"], seconds["request"]) / _CALLS
    return [
        at_most("observing: added to an accepted request, unused", unused * 1e9, 15, "ns"),
        at_most(
            "observing: added to an accepted request, OpenTelemetry without an SDK",
            otel * 1e6,
            1,
            "µs",
        ),
        at_most("observing: a refusal whose line is held back", _held_back(rounds), 2, "µs"),
    ]


def _held_back(rounds: int) -> float:
    """Return the microseconds that a refusal takes whose line is not written."""
    logger = logging.getLogger("torii_backend.refusals")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    refusal = InvalidToken("bad_signature")

    def refuse() -> None:
        for _ in range(_CALLS):
            note_refusal(refusal, 401, "flask", "GET")

    return median(interleaved({"refuse": refuse}, rounds)["refuse"]) / _CALLS * 1e6
