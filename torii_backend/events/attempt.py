"""One attempt to handle one delivery: claim it, run its handlers, and mark it done or release it."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Awaitable, Coroutine
from secrets import token_hex
from typing import Any, Callable, TypeVar

from torii_backend.errors import ConfigurationError
from torii_backend.events.event import Event
from torii_backend.events.handlers import Handler
from torii_backend.events.inbox import Claim, Inbox

Same = TypeVar("Same")

LEASE_SECONDS = 60.0
SLOW_SECONDS = 10.0

_logger = logging.getLogger("torii_backend.events")


class Attempt:
    """One attempt to handle one delivery."""

    def __init__(self, event: Event, key: str, handlers: list[Handler], inbox: Inbox) -> None:
        self._event = event
        self.handlers = handlers
        self._key = key
        self._inbox = inbox
        self._owner = token_hex(16)
        self._finished: list[str] = []

    @property
    def is_async(self) -> bool:
        """Whether a handler is async."""
        return any(handler.is_async for handler in self.handlers)

    def claim(self) -> Claim:
        """Claim the delivery."""
        claim = self._inbox.claim(self._key, self._owner, LEASE_SECONDS)
        self._finished = list(claim.finished)
        return claim

    def remaining(self) -> list[Handler]:
        """Return the handlers that did not finish in an earlier attempt."""
        return [handler for handler in self.handlers if handler.name not in self._finished]

    def run(self, handler: Handler) -> None:
        """Run a sync handler."""
        began = time.monotonic()
        result = handler.function(handler.argument(self._event))
        if isinstance(result, Coroutine):
            result.close()
            raise ConfigurationError(
                "a handler that returns a coroutine must be an async function."
            )
        self._finish(handler, began)

    async def run_async(self, handler: Handler) -> None:
        """Run a handler, on a thread if it is sync."""
        if not handler.is_async:
            return await on_thread(self.run, handler)
        began = time.monotonic()
        await handler.function(handler.argument(self._event))
        return self._finish(handler, began)

    def _finish(self, handler: Handler, began: float) -> None:
        """Note that a handler finished, and warn if it took long."""
        self._finished.append(handler.name)
        took = time.monotonic() - began
        if took > SLOW_SECONDS:
            _logger.warning(
                "The handler %s took %.0f s for the event %r. Senders give up after 15 to 30 s: hand "
                "the event to a queue, see docs/event-recipes.md.",
                handler.name,
                took,
                self._event.type,
            )

    def done(self) -> None:
        """Mark the delivery done."""
        self._inbox.done(self._key, self._owner)

    def release(self) -> None:
        """Release the delivery."""
        self._inbox.release(self._key, self._owner, self._finished)


async def on_thread(function: Callable[..., Same], *arguments: Any) -> Same:
    """Call a function on a thread."""
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        found: Same = await trio.to_thread.run_sync(function, *arguments)
        return found
    from asgiref.sync import sync_to_async

    # Django's connections belong to a thread. Elsewhere, that thread would be one for all requests.
    sensitive = "django" in sys.modules
    call: Callable[..., Awaitable[Same]] = sync_to_async(function, thread_sensitive=sensitive)
    return await call(*arguments)
