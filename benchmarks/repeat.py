"""The same token again: a process sees each access token many times."""

from __future__ import annotations

from statistics import median

from figure import Figure, at_most
from issuer import running_issuer
from stopwatch import interleaved

from torii_backend import Verifier, verify_token

_CALLS = 1000


def measure(*, quick: bool) -> list[Figure]:
    """Time both functions that verify, with a cached token."""
    with running_issuer() as issuer:
        token = next(issuer.tokens())
        verifier = Verifier(issuer.url)
        verifier.verify(token)
        verify_token(token, issuer=issuer.url)

        def by_verifier() -> None:
            verify = verifier.verify
            for _ in range(_CALLS):
                verify(token)

        def in_one_line() -> None:
            url = issuer.url
            for _ in range(_CALLS):
                verify_token(token, issuer=url)

        steps = {"Verifier.verify": by_verifier, "verify_token": in_one_line}
        seconds = interleaved(steps, 50 if quick else 400)
    return [
        at_most(f"same token again: {name}", median(spent) / _CALLS * 1e6, 2, "µs")
        for name, spent in seconds.items()
    ]
