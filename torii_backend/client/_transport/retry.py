"""Whether, and after how many seconds, a call is tried again. Pure but for chance."""

from __future__ import annotations

import random
from typing import Optional, Union

from torii_backend.client._transport.failures import Fault
from torii_backend.client._transport.response import Answer, retry_after

_SAFE_TO_REPEAT = frozenset({"GET", "PUT", "PATCH", "DELETE"})
_PASSING = frozenset({502, 503, 504})
_LONGEST_PAUSE = 60.0
_FIRST_BACKOFF = 0.25
_LONGEST_BACKOFF = 8.0


Outcome = Union[Answer, Fault]


def pause_before_retry(method: str, outcome: Outcome, tries: int) -> Optional[float]:
    """Decide about another try.

    Args:
        method: the HTTP method; only those that are safe to repeat are, once the request is sent.
        outcome: what became of the latest try.
        tries: how many tries there were, this one included.

    Returns:
        Seconds to wait before the next try: what Retry-After says, a minute at most, else a
        backoff with jitter. None where the outcome is final.
    """
    if not (was_not_done(outcome) or (method in _SAFE_TO_REPEAT and _may_pass(outcome))):
        return None
    wanted = retry_after(outcome.headers) if isinstance(outcome, Answer) else None
    if wanted is not None:
        return min(wanted, _LONGEST_PAUSE)
    # The exponent is bounded because a very large power has no form as a float.
    backoff: float = min(_FIRST_BACKOFF * 2 ** min(tries - 1, 9), _LONGEST_BACKOFF)
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311 (spreads clients, guards no secret)


def was_not_done(outcome: Outcome) -> bool:
    """Tell whether the server surely did nothing of what it was asked."""
    if isinstance(outcome, Answer):
        return outcome.status == 429
    return outcome.kind == "unsent"


def _may_pass(outcome: Outcome) -> bool:
    if isinstance(outcome, Answer):
        was_cut = outcome.flaw == "cut off" and outcome.is_success
        return was_cut or outcome.status in _PASSING
    return outcome.kind == "broken"
