"""Throughput of fresh tokens in four threads, compared with one thread."""

from __future__ import annotations

from itertools import islice
from threading import Thread
from typing import Callable

from figure import Figure, at_least
from issuer import running_issuer
from stopwatch import interleaved, ratio

from torii_backend import Verifier

_THREADS = 4
_TOKENS = 1000


def measure(*, quick: bool) -> list[Figure]:
    """Verify the same number of distinct tokens in one thread and in four, alternating."""
    rounds = 5 if quick else 25
    with running_issuer() as issuer:
        verifier = Verifier(issuer.url)
        verifier.warm()
        signed = list(islice(issuer.tokens(), 2 * rounds * _TOKENS))
        steps = {
            "one": _step(verifier, signed[::2], 1),
            "four": _step(verifier, signed[1::2], _THREADS),
        }
        seconds = interleaved(steps, rounds)
    gain = ratio(seconds["one"], seconds["four"])
    return [at_least("threads: throughput of 4 beside 1, fresh tokens", gain, 1, "times")]


def _step(verifier: Verifier, tokens: list[str], threads: int) -> Callable[[], None]:
    """Return a step that verifies the next batch of tokens, divided among threads."""
    batches = (tokens[start : start + _TOKENS] for start in range(0, len(tokens), _TOKENS))

    def work(share: list[str]) -> None:
        for token in share:
            verifier.verify(token)

    def step() -> None:
        batch = next(batches)
        workers = [Thread(target=work, args=(batch[n::threads],)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return step
