"""`receive`: makes the view that receives webhooks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from torii_backend._guard.audit import RECEIVER
from torii_backend._guard.raw_input import read_some
from torii_backend.auth import not_from_requests
from torii_backend.django.public import PublicMark, opened
from torii_backend.events.receiver import BodyConsumed, ClientDisconnected, Receiver

if TYPE_CHECKING:
    from torii_backend.events.dispatcher import Events


@not_from_requests()
def receive(events: Events) -> Callable[..., HttpResponse]:
    """Make the view that receives webhooks.

    Write `path("torii/events", receive(events))`. It verifies the signature of each request. So `AuthMiddleware`, `LoginRequiredMiddleware` and the
    CSRF check let it pass, and ATOMIC_REQUESTS doesn't apply to it. Async handlers run on the event loop
    of the server, and under WSGI on one that is made for the request.

    Args:
        events: your handlers, sync or async.

    Returns:
        The view, for WSGI and ASGI.

    Raises:
        ConfigurationError: `events` is not an `Events`.
    """
    receiver = Receiver(events, is_async=True)

    def receive_events(request: HttpRequest, **_: Any) -> HttpResponse:
        method, read = request.method or "", partial(_read, request)
        if receiver.all_sync():
            response = receiver.respond(method, request.META, read)
        else:
            respond = async_to_sync(receiver.respond_async)
            response = respond(method, request.META, sync_to_async(read))
        return HttpResponse(response.body, status=response.status, headers=dict(response.headers))

    view: Any = receive_events
    for alias in connections:
        view = non_atomic_requests(alias)(view)
    # As `login_not_required` does, which Django has from 5.1 on.
    view.login_required = False
    public: Callable[..., HttpResponse] = opened(
        PublicMark(RECEIVER.detail, ignores_token=True), csrf_exempt(view)
    )
    return public


def _read(request: HttpRequest, limit: int) -> bytes:
    """Read the body as it was sent."""
    try:
        if hasattr(request, "_body") or vars(request).get("_read_started"):
            return request.body[:limit]
        if request.META.get("wsgi.input_terminated") and not request.META.get("CONTENT_LENGTH"):
            # Chunks, which Django takes for an empty body.
            chunks: bytes = read_some(request.META["wsgi.input"], limit)
            return chunks
        return request.read(limit)
    except RawPostDataException as error:
        raise BodyConsumed from error
    except UnreadablePostError as error:
        raise ClientDisconnected from error
