"""EventReceiver: a WSGI application that receives webhooks."""

from __future__ import annotations

from http.client import responses
from typing import TYPE_CHECKING, Any

from torii_backend._guard.raw_input import read_some
from torii_backend.auth import not_from_requests
from torii_backend.events.receiver import ClientDisconnected, Receiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    from torii_backend.events.dispatcher import Events


@not_from_requests()
class EventReceiver:
    """A WSGI application that receives webhooks and calls the handlers of their events.

    Mount it where no guard and no parser is in front of it, or exempt its path from the guard. It
    verifies the signature of each request.

    Args:
        events: your handlers, which must be sync functions.

    Raises:
        ConfigurationError: `events` is not an `Events`, or has an async handler.
    """

    def __init__(self, events: Events) -> None:
        self._receiver = Receiver(events)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Serve one request."""
        method = environ.get("REQUEST_METHOD", "")
        response = self._receiver.respond(method, environ, lambda limit: _read(environ, limit))
        length = ("Content-Length", str(len(response.body)))
        phrase = responses.get(response.status, "Unknown")
        start_response(f"{response.status} {phrase}", [*response.headers, length])
        return [response.body]


def _read(environ: dict[str, Any], limit: int) -> bytes:
    """Read the body as it was sent."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isascii() and declared.isdigit():
        # Some servers wait forever if an application reads on.
        limit = min(limit, int(declared))
    elif not environ.get("wsgi.input_terminated"):
        return b""
    body = bytearray()
    while len(body) < limit:
        try:
            chunk = read_some(environ["wsgi.input"], limit - len(body))
        except Exception as error:
            # Servers say in many ways that the client is gone.
            raise ClientDisconnected from error
        if not chunk:
            break
        body += chunk
    return bytes(body)
