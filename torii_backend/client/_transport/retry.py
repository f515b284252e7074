"""Retries: whether to try a call again, and after how many seconds. Pure, except for the jitter."""

from __future__ import annotations

import random
from typing import Optional, Union

from torii_backend.client._transport.failures import TransportFailure
from torii_backend.client._transport.response import HttpResponse, retry_after

_TRANSIENT = frozenset({502, 503, 504})
_LONGEST_PAUSE = 60.0
_FIRST_BACKOFF = 0.25
_LONGEST_BACKOFF = 8.0

Outcome = Union[HttpResponse, TransportFailure]


def pause_before_retry(is_repeatable: bool, outcome: Outcome, attempts: int) -> Optional[float]:
    """Return the seconds to wait before the next attempt, or None if the outcome is final."""
    if not (was_not_processed(outcome) or (is_repeatable and _is_transient(outcome))):
        return None
    wanted = retry_after(outcome.headers) if isinstance(outcome, HttpResponse) else None
    if wanted:
        if wanted > _LONGEST_PAUSE:
            return _LONGEST_PAUSE * random.uniform(0.9, 1.0)  # noqa: S311 (as below)
        # Never earlier than asked, and a little later, so that not all clients come back at once.
        return min(wanted * random.uniform(1.0, 1.1), _LONGEST_PAUSE)  # noqa: S311 (as below)
    # Zero is no reason to send all attempts at once.
    # The exponent is bounded because a float can't hold a very large power.
    backoff: float = min(_FIRST_BACKOFF * 2 ** min(attempts - 1, 9), _LONGEST_BACKOFF)
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311 (spreads clients, guards no secret)


def was_not_processed(outcome: Outcome) -> bool:
    """Return whether the server certainly did not carry out the request."""
    if isinstance(outcome, HttpResponse):
        return outcome.status == 429
    return outcome.kind == "unsent"


def _is_transient(outcome: Outcome) -> bool:
    if isinstance(outcome, HttpResponse):
        was_cut = outcome.body_error == "cut off" and outcome.is_success
        return was_cut or outcome.status in _TRANSIENT
    return outcome.kind == "broken"
