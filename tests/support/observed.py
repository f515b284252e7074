"""What listeners hear, and what the log says of refusals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from torii_backend._guard.refusal_log import forget_refusals
from torii_backend.observing import observe

from .clock import WATCHDOG


class Heard:
    """The events that a listener has heard, on whatever thread."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, event: object) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[Any]:
        """Wait for so many events."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, WATCHDOG)
            return list(self.events)

    def wait_for(self, is_there: Callable[[Any], bool]) -> Any:
        """Wait for one event, and return it."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(is_there, self.events)), WATCHDOG)
            return next(filter(is_there, self.events))


@contextmanager
def observed(*kinds: Any) -> Iterator[Heard]:
    """Hear of some kinds of events."""
    heard = Heard()
    undo = observe(heard, *kinds)
    try:
        yield heard
    finally:
        undo()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.levelname} {record.getMessage()}")


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += [repr(vars(record)), logging.Formatter().format(record)]


@contextmanager
def all_logged() -> Iterator[list[str]]:
    """Give all that the package logs, with attributes of records and tracebacks."""
    logger, records = logging.getLogger("torii_backend"), _Records()
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(logging.DEBUG)
    try:
        yield records.seen
    finally:
        logger.removeHandler(records)
        logger.setLevel(level)


@contextmanager
def refusals_logged(level: int = logging.DEBUG) -> Iterator[list[str]]:
    """Give the lines about refusals, as if it were the first second of a process."""
    forget_refusals()
    logger, lines = logging.getLogger("torii_backend.refusals"), _Lines()
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(level)
    try:
        yield lines.seen
    finally:
        logger.removeHandler(lines)
        logger.setLevel(before)
        forget_refusals()
