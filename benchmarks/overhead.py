"""What a guard adds to a request whose token was seen before, framework by framework."""

from __future__ import annotations

from functools import partial

import overhead_apps
from figure import Figure, at_most
from issuer import running_issuer
from stopwatch import difference, interleaved

from torii_backend import Verifier

_REQUESTS = 200
_APPS = {
    "WSGI": (overhead_apps.wsgi, 5),
    "ASGI": (overhead_apps.asgi, 7),
    "Flask": (overhead_apps.flask, 11),
    "Django": (overhead_apps.django, 9),
    "FastAPI, async": (overhead_apps.fastapi, 23),
}


def measure(*, quick: bool) -> list[Figure]:
    """Time the same application bare and guarded, in turns."""
    figures: list[Figure] = []
    with running_issuer() as issuer:
        token = next(issuer.tokens())
        verifier = Verifier(issuer.url)
        verifier.verify(token)
        for framework, (build, limit) in _APPS.items():
            apps = build(verifier, token)
            steps = {name: partial(serve, _REQUESTS) for name, serve in apps.items()}
            seconds = interleaved(steps, 20 if quick else 100)
            added = difference(seconds["guarded"], seconds["bare"]) / _REQUESTS * 1e6
            figures.append(
                at_most(
                    f"guard: added to a request, repeated token, {framework}", added, limit, "µs"
                )
            )
    return figures
