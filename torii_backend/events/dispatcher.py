"""Events: your handlers, and the rules by which a verified event reaches them.

One attempt to handle a delivery goes like this, sync and async alike:

1. Find the handlers. If there are none, the event is counted and nothing else happens.
2. Claim the delivery (`inbox.py`). If it is busy or done, no handler runs.
3. Run the handlers in order, but for those that finished in an earlier attempt.
4. If all have finished, mark the delivery done. If one raised, release the delivery and pass the error
   on, so that the sender or the queue tries again.

If the process dies in between, the lease ends and the next attempt runs all handlers again. So a
handler may run twice, and never zero times, as long as the sender tries again.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, Callable, Literal, Optional, TypeVar, Union

from torii_backend._guard.bearer import Headers
from torii_backend.auth import not_from_requests
from torii_backend.errors import (
    ConfigurationError,
    InboxUnavailable,
    InvalidWebhook,
    ToriiError,
)
from torii_backend.events.attempt import Attempt, on_thread
from torii_backend.events.event import Event
from torii_backend.events.feed import REVOKING_TYPES, TokenRevoker, make_revoking_handler
from torii_backend.events.handlers import Function, Handlers, require_patterns
from torii_backend.events.inbox import Claim, Inbox, MemoryInbox
from torii_backend.events.reported import reported
from torii_backend.events.signing_keys import Secrets
from torii_backend.events.webhook import (
    DEFAULT_TOLERANCE,
    MAX_BYTES,
    STANDARD_WEBHOOKS,
    Scheme,
    SchemeFunction,
    check_delivery,
    environment_secret,
    make_check,
    require_max_bytes,
    require_tolerance,
)
from torii_backend.observing.kinds import EventHandled
from torii_backend.observing.slots import tell
from torii_backend.settings import Unchanging, is_async_function

Kind = TypeVar("Kind", bound=Function)
Same = TypeVar("Same")
Outcome = Literal["ok", "duplicate", "busy"]

_logger = logging.getLogger("torii_backend.events")


@not_from_requests("your_function")
class Events(Unchanging):
    """The handlers of events. A receiver of your framework verifies deliveries and calls them.

    Args:
        secret: `whsec_…`, several of them separated by commas, a list, or the bytes of a key. While a
            secret is being rotated, pass both; up to 8. None reads TORII_WEBHOOK_SECRET.
        inbox: remembers deliveries, so that one that comes twice is handled once. A `MemoryInbox` by
            default, which knows the deliveries of its own process only.
        tolerance: seconds by which the timestamp of a delivery may differ from now, 300 by default.
        scheme: how deliveries are signed, see `verify_webhook`.
        max_bytes: the largest body, 1,048,576 bytes by default.
        name: distinguishes several `Events` that share an inbox, `torii` by default.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(
        self,
        secret: Optional[Secrets] = None,
        *,
        inbox: Optional[Inbox] = None,
        tolerance: float = DEFAULT_TOLERANCE,
        scheme: Union[Scheme, SchemeFunction] = STANDARD_WEBHOOKS,
        max_bytes: int = MAX_BYTES,
        name: str = "torii",
    ) -> None:
        check = make_check(environment_secret() if secret is None else secret, scheme)
        del secret
        if isinstance(check, str):
            raise ConfigurationError(check)
        if not isinstance(name, str) or not name:
            raise ConfigurationError("name must be a string, such as torii.")
        self._check = check
        self._inbox: Inbox = MemoryInbox() if inbox is None else _require_inbox(inbox)
        self._tolerance = require_tolerance(tolerance)
        self.max_bytes: int = require_max_bytes(max_bytes)
        self._name = name
        self._handlers = Handlers()
        self._sync_reason = _IN_TRANSACTION if getattr(self._inbox, "is_atomic", False) else ""
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def on(self, *types: str, data: Optional[Any] = None) -> Callable[[Kind], Kind]:
        """Register a handler for some types of events. Use it as a decorator.

        Args:
            types: exact types such as `user.deleted`, or `user.*` for all that begin with `user.`.
            data: a type, such as a msgspec struct. The handler is then called with the event's data
                converted to it, in place of the event.

        Returns:
            A decorator, which returns the function unchanged.

        Raises:
            ConfigurationError: a type is malformed, the function is registered for it already, or it
                is async, but a sync application receives the events or the inbox is atomic.
        """
        require_patterns(types)

        def register(function: Kind) -> Kind:
            self._require_runnable(function)
            self._handlers.add(function, types, data)
            return function

        return register

    def otherwise(self, function: Kind) -> Kind:
        """Register the handler for all events that no other handler takes. Use it as a decorator.

        Args:
            function: the handler.

        Returns:
            The function, unchanged.

        Raises:
            ConfigurationError: there is one already, or it is async, but a sync application receives
                the events or the inbox is atomic.
        """
        self._require_runnable(function)
        self._handlers.set_otherwise(function)
        return function

    def feed(self, revocations: TokenRevoker, *, types: Collection[str] = REVOKING_TYPES) -> None:
        """Revoke the access tokens of the user whom an event is about.

        Tokens are refused if they were issued before the event was created, even if it comes late. The
        user's id is `user_id`, `userId`, `user.id` or, for types that begin with `user.`, `id` in the
        event's data.
        Events without one are counted as `not_revoked`.

        Args:
            revocations: a `Revocations`.
            types: the types of events, as in `on`. By default bans and deletions of users, sessions that
                are revoked, and members who are removed from an organization.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        handler = make_revoking_handler(revocations, types, self._count)
        self.on(*types)(handler)

    def dispatch(self, event: Event) -> Outcome:
        """Run the handlers of an event that you got elsewhere, such as from a queue.

        Args:
            event: the event.

        Returns:
            "ok" if its handlers have finished or there are none, "duplicate" if they finished before,
            and "busy" if another thread or process runs them.

        Raises:
            InboxUnavailable: the inbox did not respond.
            ConfigurationError: a handler is async. Use `dispatch_async`.
            Exception: what a handler raised. The next attempt begins with that handler.
        """
        attempt = self._attempt(event)
        if not attempt.handlers:
            return self._ignored(event)
        if attempt.is_async:
            raise ConfigurationError(
                "handlers must be sync functions, or called by dispatch_async."
            )
        with reported(event) as handled:
            outcome = handled.outcome = self._run(attempt)
        return outcome

    async def dispatch_async(self, event: Event) -> Outcome:
        """Async version of `dispatch`. Sync handlers run on a thread."""
        attempt = self._attempt(event)
        if not attempt.handlers:
            return self._ignored(event)
        if not attempt.is_async:
            return await on_thread(self.dispatch, event)
        with reported(event) as handled:
            outcome = handled.outcome = await self._run_async(attempt)
        return outcome

    def _run(self, attempt: Attempt) -> Outcome:
        claim = self._reached(attempt.claim)
        if claim.state != "new":
            return self._not_new(claim)
        try:
            for handler in attempt.remaining():
                attempt.run(handler)
        except BaseException:
            self._count("failed")
            with suppress(InboxUnavailable):
                self._reached(attempt.release)
            raise
        self._reached(attempt.done)
        return self._ok()

    async def _run_async(self, attempt: Attempt) -> Outcome:
        claim = await self._reached_async(attempt.claim)
        if claim.state != "new":
            return self._not_new(claim)
        try:
            for handler in attempt.remaining():
                await attempt.run_async(handler)
        # Not of a cancellation: a sync handler may still run on its thread. The lease ends it.
        except Exception:
            self._count("failed")
            with suppress(InboxUnavailable):
                await self._reached_async(attempt.release)
            raise
        await self._reached_async(attempt.done)
        return self._ok()

    def stats(self) -> Mapping[str, int]:
        """Return how many deliveries had which outcome so far, in this process.

        Returns:
            Counters by name: `ok`, `duplicate`, `busy`, `failed` (a handler raised), `unhandled` (no
            handler; also counted as ok), `not_revoked` (see `feed`; also counted as ok),
            `inbox_unavailable`, and the reasons of refused deliveries.
        """
        with self._lock:
            return dict(self._counts)

    def _verify(self, headers: Headers, payload: bytes) -> Union[Event, ToriiError, TypeError]:
        """Return the event of a delivery, or why it is refused."""
        if len(payload) > self.max_bytes:
            return InvalidWebhook("too_large")
        return check_delivery(self._check, headers, payload, self._tolerance, time.time())

    def _count(self, outcome: str) -> int:
        """Count an outcome."""
        with self._lock:
            self._counts[outcome] += 1
            return self._counts[outcome]

    def _require_sync(self) -> None:
        """Refuse async handlers, those that are registered later, too."""
        self._sync_reason = self._sync_reason or _IN_SYNC
        if not self._handlers.all_sync():
            raise ConfigurationError(f"{_MUST_BE_SYNC} {self._sync_reason}")

    def _require_runnable(self, function: Function) -> None:
        if self._sync_reason and is_async_function(function):
            raise ConfigurationError(f"{_MUST_BE_SYNC} {self._sync_reason}")

    def _attempt(self, event: Event) -> Attempt:
        if not isinstance(event, Event):
            raise TypeError("event must be an Event, such as verify_webhook returns.")
        key = f"{self._name}:{event.delivery_id}"
        return Attempt(event, key, self._handlers.for_type(event.type), self._inbox)

    def _ignored(self, event: Event) -> Outcome:
        self._count("unhandled")
        tell(EventHandled(event.type, "unhandled", 0.0))
        _logger.info("No handler for the event %r (id %r).", event.type, event.id)
        return self._ok()

    def _ok(self) -> Outcome:
        self._count("ok")
        return "ok"

    def _not_new(self, claim: Claim) -> Outcome:
        outcome: Outcome = "duplicate" if claim.state == "done" else "busy"
        self._count(outcome)
        return outcome

    def _reached(self, call: Callable[[], Same]) -> Same:
        """Call the inbox."""
        try:
            return call()
        except Exception as error:
            raise self._unavailable(error) from error

    async def _reached_async(self, call: Callable[[], Same]) -> Same:
        """Call the inbox, on a thread if it may block."""
        try:
            return call() if isinstance(self._inbox, MemoryInbox) else await on_thread(call)
        except Exception as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> InboxUnavailable:
        self._count("inbox_unavailable")
        if isinstance(error, ConfigurationError):
            # It says what to do, such as to create a table.
            _logger.error("The inbox is unavailable: %s", error)
        else:
            _logger.error("The inbox is unavailable.", exc_info=error)
        return InboxUnavailable()


_MUST_BE_SYNC = "handlers must be sync functions, such as def forget(event), because"
_IN_SYNC = "a sync application receives the events."
_IN_TRANSACTION = "the inbox shares a transaction with them."


def _require_inbox(inbox: Inbox) -> Inbox:
    if isinstance(inbox, type) or not all(
        callable(getattr(inbox, verb, None)) for verb in ("claim", "done", "release")
    ):
        raise ConfigurationError(
            "inbox must be an object with claim, done and release, such as MemoryInbox()."
        )
    return inbox
