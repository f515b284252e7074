"""Tells listeners what became of an event, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from torii_backend.errors import InboxUnavailable
from torii_backend.events.event import Event
from torii_backend.observing.kinds import EventHandled, EventOutcome
from torii_backend.observing.slots import tell


class Handled:
    """What became of an event; `failed` until it is known."""

    outcome: EventOutcome = "failed"


@contextmanager
def reported(event: Event) -> Iterator[Handled]:
    """Report what the block notes, or its error. A cancellation leaves the outcome open: no report."""
    handled, began = Handled(), time.monotonic()
    try:
        yield handled
    except Exception as error:
        if isinstance(error, InboxUnavailable):
            handled.outcome = "inbox_unavailable"
        _tell(event, handled, began)
        raise
    _tell(event, handled, began)


def _tell(event: Event, handled: Handled, began: float) -> None:
    tell(EventHandled(event.type, handled.outcome, time.monotonic() - began))
