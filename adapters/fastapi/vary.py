"""`Vary` on the responses of guarded routes.

A dependency doesn't see the response: what it adds to FastAPI's `Response` parameter is lost if the
route returns a response itself, overwrites the header or raises. So every `APIRouter`, the one of each
application included, gets to the outside by `_serve`. A guard leaves the `Vary` of its route in the
scope, and `_serve` adds it when the response starts. A task serves one request, so no lock is needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any, Callable

from fastapi import APIRouter

from torii_backend._guard.vary import Vary

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_KEY = "torii_backend.fastapi.vary"
_serve_router = APIRouter.__call__


def note_vary(vary: Vary, scope: Mapping[str, Any]) -> None:
    """Let the response to this request say that it depends on the token."""
    noted = scope.get(_KEY)
    if noted is not None:
        noted.append(vary)


async def _serve(self: APIRouter, scope: Any, receive: Any, send: Send) -> None:
    if scope["type"] != "http":
        await _serve_router(self, scope, receive, send)
        return
    noted: list[Vary] = []
    outer = scope.get(_KEY)
    scope[_KEY] = noted

    def send_varying(message: Message) -> Awaitable[None]:
        if noted and message["type"] == "http.response.start":
            headers = message.get("headers") or ()
            for vary in noted:
                headers = vary.added_to_raw(headers)
            message = {**message, "headers": headers}
        return send(message)

    try:
        await _serve_router(self, scope, receive, send_varying)
    finally:
        scope[_KEY] = outer


APIRouter.__call__ = _serve  # type: ignore[method-assign, assignment]
