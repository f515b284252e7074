"""Refusing a forged token of 16 KiB, compared with verifying a good one that is new."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from itertools import islice
from typing import Any

from figure import Figure, at_most
from issuer import running_issuer
from stopwatch import interleaved, ratio

from torii_backend import InvalidToken, Verifier

_CALLS = 20
# What repeats in the payload, or in the header, until the token is full.
_SHAPES = {
    "many members": b'"":0',
    "many objects": b'"":{},"":"","":""',
    "deep groups": b'"":' + b"[" * 60 + b"]" * 60 + b',"":"' + b"x" * 600 + b'"',
    "brackets in strings": b'"[":["\\\\"]',
}


def measure(*, quick: bool) -> list[Figure]:
    """Time the refusal of each shape, in turns with good tokens."""
    rounds = 20 if quick else 100
    with running_issuer() as issuer:
        signed = issuer.tokens()
        jwks = issuer.jwks.encode()
        several = [issuer.url, "https://beta.torii.so"]
        verifiers = {
            "one issuer": Verifier(issuer.url),
            "several issuers": Verifier(several, fetch=lambda _, __: (jwks, {})),
        }
        for verifier in verifiers.values():
            verifier.verify(next(signed))
            verifier.verify(next(signed))
        steps = {
            f"{name}, {number}": _Refused(verifier, token)
            for number, verifier in verifiers.items()
            for name, token in _forged(next(signed))
        }
        good = list(islice(signed, rounds * _CALLS))
        judge = verifiers["one issuer"].verify

        def verify_new() -> None:
            for token in good[-_CALLS:]:
                judge(token)
            del good[-_CALLS:]

        seconds = interleaved({"good": verify_new, **steps}, rounds)
    times = {name: ratio(seconds[name], seconds["good"]) for name in steps}
    return [
        Figure("forged token of 16 KiB: a good token of 0.5 KiB, verified", "1"),
        *(
            at_most(f"forged token of 16 KiB: {name}", value, 1.5, "times")
            for name, value in times.items()
        ),
    ]


class _Refused:
    """A step that has a forged token refused."""

    def __init__(self, verifier: Verifier, token: str) -> None:
        self._verifier = verifier
        self._token = token

    def __call__(self) -> None:
        for _ in range(_CALLS):
            try:
                self._verifier.verify(self._token)
            except InvalidToken:
                continue
            raise AssertionError


def _forged(good: str) -> Iterator[tuple[str, str]]:
    """Name and make forged tokens: with a published kid, with another one, and with a big header."""
    header, payload, signature = good.split(".")
    unknown = _segment(b'{"alg":"ES256","kid":"mine"}')
    for name, member in _SHAPES.items():
        filled = _segment(_filled(_decoded(payload), member))
        yield f"{name}, known kid", f"{header}.{filled}.{signature}"
        yield f"{name}, unknown kid", f"{unknown}.{filled}.{signature}"
        large = _segment(_filled(_decoded(header), member))
        yield f"{name} in the header", f"{large}.{payload}.{signature}"
        fitting = _segment(_filled(_decoded(header), member, 3_000))
        yield f"{name} in a header of 4 KiB", f"{fitting}.{payload}.{signature}"


def _filled(members: dict[str, Any], member: bytes, size: int = 11_000) -> bytes:
    start = json.dumps(members).encode()[:-1]
    return start + (b"," + member) * ((size - len(start)) // (len(member) + 1)) + b"}"


def _decoded(segment: str) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=="))
    return members


def _segment(text: bytes) -> str:
    return urlsafe_b64encode(text).rstrip(b"=").decode()
