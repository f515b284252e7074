"""Receiver: a request becomes an event, and what became of it a response. It knows no framework.

For an adapter:

    receiver = Receiver(events)                      # is_async=True for `respond_async`
    response = receiver.respond(method, headers, read)
    response = await receiver.respond_async(method, headers, read)
    response.status, response.headers, response.body

- `method`: the method of the request, such as "POST".
- `headers`: as for `authenticate_request`: a WSGI environ, `request.META`, a mapping, or pairs. In an
  environ, CONTENT_LENGTH is read as well.
- `read(limit)`: returns the raw body, but at most `limit` bytes of it. Async for `respond_async`. It
  is called at most once, and never if the method is wrong or the declared length is too large. It must
  not parse anything. It raises `BodyConsumed` if the framework says that something has read the body
  before, and `ClientDisconnected` if the client went away. Other errors pass through.
- `response.headers`: pairs of str, without Content-Length, which servers and frameworks write. Send
  the status, the headers and the body as they are.

`respond` returns a response to every request. Handlers run in the thread and the context of the caller.
`current_auth()` is None in them. Make sure that no guard stands before it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable
from threading import Lock
from typing import Any, Callable, NamedTuple, Optional, Union, get_args

import msgspec

from torii_backend._guard.bearer import Headers, header_values
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend.errors import (
    ConfigurationError,
    InboxUnavailable,
    InvalidWebhook,
    InvalidWebhookReason,
)
from torii_backend.events.dispatcher import Events, Outcome
from torii_backend.events.event import Event
from torii_backend.observing.kinds import WebhookRefused
from torii_backend.observing.slots import tell

_REPORT_SECONDS = 60.0
# A scheme of your own may give others.
_REASONS = frozenset(get_args(InvalidWebhookReason))
_JSON = ("Content-Type", "application/json")
_RETRY = ("Retry-After", "5")

_logger = logging.getLogger("torii_backend.events")


class BodyConsumed(Exception):
    """Something has read the body before the receiver."""


class ClientDisconnected(Exception):
    """The client went away before it had sent the whole body."""


class Response(NamedTuple):
    """What to send back to the sender of a delivery."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _error(status: int, code: str, message: str, *headers: tuple[str, str]) -> Response:
    document = {"error": {"code": code, "message": message}}
    return Response(status, (_JSON, *headers), msgspec.json.encode(document))


_OK = Response(200, (_JSON,), b'{"status":"ok"}')
_DUPLICATE = Response(200, (_JSON,), b'{"status":"duplicate"}')
_BUSY = _error(503, "busy", "The delivery is being handled. Try again later.", _RETRY)
_WRONG_METHOD = _error(
    405, "method_not_allowed", "Deliveries must be sent by POST.", ("Allow", "POST")
)
_TOO_LARGE = _error(413, "too_large", "The body of the delivery is too large.")
_REFUSED = _error(400, "invalid_webhook", "The delivery was refused.")
_INCOMPLETE = _error(400, "incomplete_body", "The body of the delivery is incomplete.")
_CONSUMED = _error(500, "body_consumed", "The body of the delivery could not be read.")
_FAILED = _error(500, "handler_failed", "The event could not be handled.")
_UNAVAILABLE = _error(503, "inbox_unavailable", "The event can't be handled now.", _RETRY)
_BY_OUTCOME: dict[Outcome, Response] = {"ok": _OK, "duplicate": _DUPLICATE, "busy": _BUSY}


class Receiver:
    """Answers the requests of one endpoint.

    Args:
        events: the handlers.
        is_async: whether `respond_async` will be used. Otherwise async handlers are refused.

    Raises:
        ConfigurationError: `events` is not an Events, or has an async handler for a sync receiver.
    """

    def __init__(self, events: Events, *, is_async: bool = False) -> None:
        if not isinstance(events, Events):
            raise ConfigurationError("events must be an Events, such as Events().")
        if not is_async:
            events._require_sync()
        self._events = events
        self._reports = _Reports()

    def all_sync(self) -> bool:
        """Return whether no handler is async, so that `respond` can run all of them."""
        return self._events._handlers.all_sync()

    def respond(self, method: str, headers: Headers, read: Callable[[int], bytes]) -> Response:
        """Return the response to a request, after its handlers have run."""
        refusal = self._refuse_unread(method, headers)
        if refusal is not None:
            return refusal
        try:
            body = read(self._events.max_bytes + 1)
        except (BodyConsumed, ClientDisconnected) as error:
            return self._unread(error)
        found = self._verified(headers, body)
        # Error trackers show the variables of functions that an exception leaves.
        del headers, body
        return found if isinstance(found, Response) else self._handled(found)

    async def respond_async(
        self, method: str, headers: Headers, read: Callable[[int], Awaitable[bytes]]
    ) -> Response:
        """Async version of `respond`."""
        refusal = self._refuse_unread(method, headers)
        if refusal is not None:
            return refusal
        try:
            body = await read(self._events.max_bytes + 1)
        except (BodyConsumed, ClientDisconnected) as error:
            return self._unread(error)
        found = self._verified(headers, body)
        del headers, body
        return found if isinstance(found, Response) else await self._handled_async(found)

    def _handled(self, found: Union[Event, Exception]) -> Response:
        """Run the handlers of an event, or raise the error of a scheme."""
        if not isinstance(found, Event):
            raise found
        token = bind_auth(None)
        try:
            return _BY_OUTCOME[self._events.dispatch(found)]
        except Exception as error:  # noqa: BLE001 (the sender has to try again, whatever it was)
            return _failed(found, error)
        finally:
            unbind_auth(token)

    async def _handled_async(self, found: Union[Event, Exception]) -> Response:
        if not isinstance(found, Event):
            raise found
        token = bind_auth(None)
        try:
            return _BY_OUTCOME[await self._events.dispatch_async(found)]
        except Exception as error:  # noqa: BLE001 (as above)
            return _failed(found, error)
        finally:
            unbind_auth(token)

    def _refuse_unread(self, method: str, headers: Headers) -> Optional[Response]:
        """Return the response to a request that needs no body to be refused."""
        if method != "POST":
            return _WRONG_METHOD._replace(body=b"") if method == "HEAD" else _WRONG_METHOD
        length = _declared_length(headers)
        return self._refused("too_large") if (length or 0) > self._events.max_bytes else None

    def _verified(self, headers: Headers, body: bytes) -> Union[Event, Response, Exception]:
        """Return the event of a delivery, the response that refuses it, or the error of a scheme."""
        if len(body) <= self._events.max_bytes:
            length = _declared_length(headers) or 0
            # A server that knows no chunks, or another reader, leaves nothing of them.
            if not body and header_values(headers, "transfer-encoding"):
                return self._unread(BodyConsumed())
            if len(body) < length:
                return self._unread(ClientDisconnected() if body else BodyConsumed())
        found = self._events._verify(headers, body)
        return self._refused(found.reason) if isinstance(found, InvalidWebhook) else found

    def _unread(self, error: Exception) -> Response:
        if isinstance(error, ClientDisconnected):
            self._events._count("incomplete_body")
            return _INCOMPLETE
        self._report(
            "body_consumed",
            "Something read the body of a delivery before the receiver: move the receiver before it.",
        )
        return _CONSUMED

    def _refused(self, reason: str) -> Response:
        self._report(reason, f"A webhook delivery was refused: {reason}.")
        tell(WebhookRefused(reason if reason in _REASONS else "_OTHER"))
        return _TOO_LARGE if reason == "too_large" else _REFUSED

    def _report(self, reason: str, sentence: str) -> None:
        """Count a refusal, and log it once a minute."""
        self._events._count(reason)
        count = self._reports.due(reason)
        if count:
            more = f" {count} of these since the last report." if count > 1 else ""
            _logger.warning("%s%s", sentence, more)


class _Reports:
    """Which refusals were logged when, so that a flood of them does not fill the log."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[str, float] = {}
        self._pending: dict[str, int] = {}

    def due(self, reason: str) -> int:
        """Return how many refusals to report now; 0 if there was a report within a minute."""
        with self._lock:
            count = self._pending.get(reason, 0) + 1
            now = time.monotonic()
            if now - self._last.get(reason, -_REPORT_SECONDS) < _REPORT_SECONDS:
                self._pending[reason] = count
                return 0
            self._last[reason], self._pending[reason] = now, 0
            return count


def _failed(event: Event, error: Exception) -> Response:
    """Return the response to a delivery that could not be handled."""
    if isinstance(error, InboxUnavailable):
        return _UNAVAILABLE
    _logger.error(
        "A handler failed for the event %r (id %r).", event.type, event.id, exc_info=error
    )
    return _FAILED


def _declared_length(headers: Any) -> Optional[int]:
    """Return the length that the request declares; None if it declares none or no number."""
    values = header_values(headers, "content-length")
    if isinstance(headers, dict) and not values:
        values = [str(headers.get("CONTENT_LENGTH", ""))]
    length = values[0].strip() if values else ""
    # Of a number that no body can have, its beginning is large enough.
    return int(length[:18]) if length.isascii() and length.isdigit() else None
