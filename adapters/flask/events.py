"""`receive`: makes the view that receives webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected as WerkzeugDisconnected

from torii_backend._guard.raw_input import read_some
from torii_backend.auth import not_from_requests
from torii_backend.events.receiver import BodyConsumed, ClientDisconnected, Receiver

if TYPE_CHECKING:
    from torii_backend.events.dispatcher import Events


class EventView:
    """A view that receives webhooks. Guards of applications and blueprints let its requests pass."""

    def __init__(self, events: Events) -> None:
        self._receiver = Receiver(events)
        # Flask makes the endpoint's name of it.
        self.__name__ = "receive_events"

    def __call__(self, **_: Any) -> Response:
        """Serve the current request."""
        response = self._receiver.respond(request.method, request.environ, _read)
        return Response(response.body, response.status, list(response.headers))


@not_from_requests()
def receive(events: Events) -> EventView:
    """Make the view that receives webhooks.

    Write `app.post("/torii/events")(receive(events))`. It verifies the signature of each request. `Torii(app)` and guards in `before_request` let it pass,
    unless a decorator is around it.

    Args:
        events: your handlers, which must be sync functions.

    Returns:
        The view. Its endpoint is `receive_events`; pass `endpoint=` if an application has two.

    Raises:
        ConfigurationError: `events` is not an `Events`, or has an async handler.
    """
    return EventView(events)


def _read(limit: int) -> bytes:
    """Read the body as it was sent. `request.data` lacks that of a form."""
    touched = vars(request._get_current_object())  # type: ignore[attr-defined]
    if "_cached_data" in touched:
        return request.get_data()[:limit]
    if "stream" in touched:
        raise BodyConsumed
    body = bytearray()
    while len(body) < limit:
        try:
            chunk = read_some(request.stream, limit - len(body))
        except WerkzeugDisconnected:
            # The receiver sees that it is shorter than declared.
            break
        except OSError as error:
            raise ClientDisconnected from error
        if not chunk:
            break
        body += chunk
    return bytes(body)
